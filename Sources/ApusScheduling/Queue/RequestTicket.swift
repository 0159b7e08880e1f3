/// A request's place in a `RequestQueue`; names nothing any more once the request has left the queue.
struct RequestTicket: Hashable, Sendable {
    /// The place in the queue's table.
    let slot: Int
    /// Tells this request from those that had the same place before.
    let generation: UInt64
}
