internal import ApusCore

/// The lane of a sink, for requests that are started from another request's end: what comes now has to go through an
/// engine thread, for on the event loop one run would start the next inside itself.
final class QueueingLane: CompletionLane {
    private let lane: any CompletionLane

    init(_ lane: any CompletionLane) {
        self.lane = lane
    }

    var isCurrent: Bool { false }

    var deliversAtOnce: Bool { lane.deliversAtOnce }

    func deliver(_ deliveries: consuming [any Delivery]) {
        lane.deliver(deliveries)
    }
}
