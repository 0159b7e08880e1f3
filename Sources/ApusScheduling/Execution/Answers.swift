internal import ApusCore
internal import ApusEngine

/// What an instance's turn came to: deliveries on their way to their lanes, and whether the instance survived it.
struct Answers {
    private var lanes: [(lane: any CompletionLane, deliveries: [any Delivery])] = []
    /// Those of them that the statistics don't have yet.
    private(set) var uncounted: [UncountedAnswer] = []
    /// Requests that failed in this turn.
    var failures = 0
    /// Why the instance is lost; `nil` while it is well.
    var loss: EngineError?

    /// Makes a collection with room for so many.
    init(capacity: Int = 0) {
        if capacity > 0 { uncounted.reserveCapacity(capacity) }
    }

    /// Whether some lane may carry out on the calling thread what is handed to it.
    var areCarriedOutAtOnce: Bool { lanes.contains { $0.lane.deliversAtOnce } }

    /// Puts an answer on its way that `Scheduler.countAndDeliver` counts when it leaves.
    mutating func append(counting answer: UncountedAnswer) {
        uncounted.append(answer)
        append(counted: answer.delivery)
    }

    /// Puts something on its way that has been counted.
    mutating func append(counted delivery: any Delivery) {
        let lane = delivery.lane
        if let index = lanes.firstIndex(where: { $0.lane === lane }) {
            lanes[index].deliveries.append(delivery)
        } else {
            lanes.append((lane, [delivery]))
        }
    }

    /// Takes those that are to be counted off the list, for the one who counts them.
    mutating func takeUncounted() -> [UncountedAnswer] {
        var taken: [UncountedAnswer] = []
        swap(&taken, &uncounted)
        return taken
    }

    /// Hands all of them over, each lane woken once; all have been counted.
    mutating func deliver() {
        assert(uncounted.isEmpty, "answers leave without being counted")
        for index in lanes.indices {
            var deliveries: [any Delivery] = []
            swap(&deliveries, &lanes[index].deliveries)
            lanes[index].lane.deliver(consume deliveries)
        }
        lanes = []
    }
}

/// An answer that is counted when it leaves: it may have to wait for those before it, or leaves with others.
struct UncountedAnswer: Sendable {
    /// The answer on its way to its lane.
    let delivery: any Delivery
    /// Its request's stations.
    let timings: RequestTimings
    /// Items in its request.
    let batchSize: Int
    /// Its request's id.
    let id: String
}
