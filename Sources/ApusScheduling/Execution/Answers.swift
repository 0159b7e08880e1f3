internal import ApusCore
internal import ApusEngine

/// What an instance's turn came to: completions on their way to their lanes, and whether the instance survived it.
struct Answers {
    private var lanes: [(lane: any CompletionLane, completions: [Completion])] = []
    /// Requests that failed in this turn.
    var failures = 0
    /// Why the instance is lost; `nil` while it is well.
    var loss: EngineError?

    mutating func append(_ completion: Completion) {
        let lane = completion.lane
        if let index = lanes.firstIndex(where: { $0.lane === lane }) {
            lanes[index].completions.append(completion)
        } else {
            lanes.append((lane, [completion]))
        }
    }

    /// Hands all of them over, each lane woken once.
    mutating func deliver() {
        for (lane, completions) in lanes { lane.deliver(completions) }
        lanes = []
    }
}
