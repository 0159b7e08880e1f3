/// Core's word for an event loop: collects what comes from engine threads and is woken once per batch.
package protocol CompletionLane: AnyObject, Sendable {
    /// Whether the caller runs on this lane: then sinks may be called at once.
    var isCurrent: Bool { get }
    /// Whether `deliver` may carry something out on the calling thread, so that it takes as long as sinks do.
    var deliversAtOnce: Bool { get }
    /// Has deliveries carried out on the lane, in their order.
    ///
    /// The caller keeps nothing: what a delivery holds is let go on the lane.
    func deliver(_ deliveries: consuming [any Delivery])
    /// Nanoseconds that what is delivered now will hardly have to wait. Read on the lane.
    var delay: UInt64 { get }
}

extension CompletionLane {
    /// Most carry out at once what is delivered.
    package var deliversAtOnce: Bool { true }
    /// Most carry out at once what is delivered.
    package var delay: UInt64 { 0 }
}
