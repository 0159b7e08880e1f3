internal import ApusCore
internal import ApusEngine
internal import Synchronization

/// What an instance's turn came to: completions on their way to their lanes, and whether the instance survived it.
struct Answers {
    private var lanes: [(lane: any CompletionLane, completions: [any Deliverable])] = []
    /// Those of them that are to be counted before they leave.
    private(set) var uncounted: [HeldAnswer] = []
    /// Requests that failed in this turn.
    var failures = 0
    /// Why the instance is lost; `nil` while it is well.
    var loss: EngineError?

    /// Makes a collection with room for so many.
    init(capacity: Int = 0) {
        if capacity > 0 { uncounted.reserveCapacity(capacity) }
    }

    /// Puts an answer on its way that is counted when it leaves.
    mutating func append(_ answer: HeldAnswer) {
        uncounted.append(answer)
        append(answer.completion)
    }

    /// Puts a completion on its way that has been counted.
    mutating func append(_ completion: any Deliverable) {
        let lane = completion.lane
        if let index = lanes.firstIndex(where: { $0.lane === lane }) {
            lanes[index].completions.append(completion)
        } else {
            lanes.append((lane, [completion]))
        }
    }

    /// Hands all of them over, each lane woken once; nobody counts them.
    mutating func deliver() {
        // Let go before anybody hears of them: the lane is to be the last that holds a request, whose memory is its own.
        uncounted = []
        for index in lanes.indices {
            var completions: [any Deliverable] = []
            swap(&completions, &lanes[index].completions)
            lanes[index].lane.deliver(consume completions)
        }
        lanes = []
    }
}

extension Scheduler {
    /// Counts answers and hands them over.
    func deliver(_ answers: inout Answers) {
        if !answers.uncounted.isEmpty {
            state.withLock { state in
                for answer in answers.uncounted { state.record(answer) }
            }
        }
        answers.deliver()
    }
}
