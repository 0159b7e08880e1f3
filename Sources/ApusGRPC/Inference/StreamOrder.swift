/// In which order the responses of one ModelStreamInfer go out: those to models with one answer in the order of their
/// requests, even across models; those of decoupled models as they come.
struct StreamOrder<Response> {
    /// Names one request of the stream.
    struct Slot: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    /// Requests whose response must wait for its turn, in their order; the ones at the front have none yet.
    private var waiting: [(slot: Slot, response: Response?)] = []
    private var next: UInt64 = 0
    /// Requests that haven't ended.
    private(set) var inFlight = 0

    /// A request has come.
    ///
    /// - Parameter isOrdered: Whether exactly one response follows, in turn.
    /// - Returns: Its name from now on.
    mutating func requestArrived(isOrdered: Bool) -> Slot {
        let slot = Slot(number: next)
        next += 1
        inFlight += 1
        if isOrdered { waiting.append((slot, nil)) }
        return slot
    }

    /// A response to a request is there.
    ///
    /// - Returns: What can go out now, in its order.
    mutating func answered(_ slot: Slot, with response: Response) -> [Response] {
        guard let index = waiting.firstIndex(where: { $0.slot == slot }) else { return [response] }
        waiting[index].response = response
        let ready = waiting.prefix { $0.response != nil }.compactMap { $0.response }
        waiting.removeFirst(ready.count)
        return ready
    }

    /// Nothing more comes of a request.
    mutating func ended() {
        inFlight -= 1
    }
}
