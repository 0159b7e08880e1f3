internal import ApusCore
internal import Dispatch
internal import Synchronization

/// Stands between a model with many answers and the client's sink.
///
/// The model's thread waits here while the client takes no more, or while too many answers are on their way; whatever is
/// still on its way when the request ends otherwise is dropped.
final class DecoupledSink: AnswerSink {
    /// Answers that may be on their way to the lane at a time.
    static let window = 16

    private struct State {
        /// What the client could take when it was last asked; a request is a demand for one answer at least.
        var demand = 1
        /// Answers that the lane has not had yet.
        var underway = 0
        /// Nobody wants further answers.
        var isStopped = false
        var hasEnded = false
        var isWaiting = false
        var hasGiven = false

        var mayGive: Bool { underway < min(demand, DecoupledSink.window) }
    }

    private let sink: any AnswerSink
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    init(_ sink: any AnswerSink) {
        self.sink = sink
    }

    var lane: any CompletionLane { sink.lane }
    var demand: Int { sink.demand }
    /// Whether an answer has been sent: then the request can't run once more.
    var hasGiven: Bool { state.withLock { $0.hasGiven } }

    /// Sends an answer, when the client can take it; blocks the model's thread until then.
    ///
    /// - Returns: `false` when nobody wants it any more.
    func give(_ answer: consuming InferenceAnswer) -> Bool {
        guard awaitDemand() else { return false }
        lane.deliver([Completion(part: answer, to: self)])
        return true
    }

    /// Lets the model's thread go on, to its end: nobody wants further answers.
    func stop() {
        change { $0.isStopped = true }
    }

    func receive(_ answer: consuming InferenceAnswer) {
        let isWanted = state.withLock { !$0.hasEnded }
        if isWanted { sink.receive(answer) }
        noteDemand(received: 1)
    }

    func finish(_ end: AnswerEnd) {
        let isFirst = state.withLock { state in
            defer { state.hasEnded = true }
            return !state.hasEnded
        }
        stop()
        if isFirst { sink.finish(end) }
    }

    func whenDemanded(_ resume: @escaping @Sendable () -> Void) {
        sink.whenDemanded(resume)
    }

    private func awaitDemand() -> Bool {
        while true {
            let mayGive = state.withLock { state -> Bool? in
                guard !state.isStopped else { return false }
                guard !state.mayGive else {
                    state.underway += 1
                    state.hasGiven = true
                    return true
                }
                state.isWaiting = true
                return nil
            }
            if let mayGive { return mayGive }
            wake.wait()
        }
    }

    /// Asks the client, on its lane, how much more it takes.
    private func noteDemand(received: Int) {
        let demand = sink.demand
        // Both at once, or the model's thread would count what has just been used up.
        change { state in
            state.underway -= received
            state.demand = demand
        }
        if demand <= 0 { sink.whenDemanded { [weak self] in self?.noteDemand(received: 0) } }
    }

    private func change(_ body: (inout State) -> Void) {
        let wakes = state.withLock { state in
            body(&state)
            guard state.isWaiting, state.isStopped || state.mayGive else { return false }
            state.isWaiting = false
            return true
        }
        if wakes { wake.signal() }
    }
}
