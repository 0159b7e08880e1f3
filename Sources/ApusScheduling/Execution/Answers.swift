internal import ApusCore
internal import ApusEngine
internal import Synchronization

/// What an instance's turn came to: completions on their way to their lanes, and whether the instance survived it.
struct Answers {
    private var lanes: [(lane: any CompletionLane, completions: [Completion])] = []
    /// Those of them that are to be counted before they leave.
    private(set) var uncounted: [HeldAnswer] = []
    /// Requests that failed in this turn.
    var failures = 0
    /// Why the instance is lost; `nil` while it is well.
    var loss: EngineError?

    /// Puts an answer on its way that is counted when it leaves.
    mutating func append(_ answer: HeldAnswer) {
        uncounted.append(answer)
        append(answer.completion)
    }

    /// Puts a completion on its way that has been counted.
    mutating func append(_ completion: Completion) {
        let lane = completion.lane
        if let index = lanes.firstIndex(where: { $0.lane === lane }) {
            lanes[index].completions.append(completion)
        } else {
            lanes.append((lane, [completion]))
        }
    }

    /// Hands all of them over, each lane woken once; nobody counts them.
    mutating func deliver() {
        for (lane, completions) in lanes { lane.deliver(completions) }
        lanes = []
        uncounted = []
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
