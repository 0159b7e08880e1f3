/// The settings of a model that decide when its requests run, in one sentence for its statistics.
struct RulesNote {
    let queue: QueueRules
    let batching: BatchRules
    let priority: ModelPriority

    /// What is set, joined by semicolons; empty where nothing is.
    ///
    /// - Parameter goal: The goal as it stands now, where there is one.
    func text(goal: LatencyGoal?) -> String {
        var rules: [String] = []
        if let goal {
            let share = Int((goal.share * 100).rounded())
            rules.append(
                "latency_goal: 99 of 100 requests within \(RulesNote.time(goal.nanoseconds)), of which \(share) % may be "
                    + "used now"
            )
        }
        if priority != .normal { rules.append("\(priority) priority among models") }
        if batching.maxDelay > 0 { rules.append("up to \(RulesNote.time(batching.maxDelay)) for company") }
        if !batching.preferredSizes.isEmpty {
            rules.append("preferred sizes \(batching.preferredSizes.map(String.init).joined(separator: ", "))")
        }
        if batching.preservesOrdering { rules.append("answers leave in the order of their requests") }
        if queue.policies.count > 1 {
            rules.append(
                "\(queue.policies.count) priority levels, \(queue.defaultLevel + 1) unless a request says else"
            )
        }
        for (level, policy) in queue.policies.enumerated() { rules += sentences(of: policy, level: level + 1) }
        return rules.joined(separator: "; ")
    }

    private func sentences(of policy: QueuePolicy, level: Int) -> [String] {
        let place = queue.policies.count > 1 ? " at level \(level)" : ""
        var sentences: [String] = []
        if let size = policy.maxSize { sentences.append("at most \(size) may wait\(place)") }
        if let timeout = policy.defaultTimeout, timeout > 0 {
            let action = policy.timeoutAction == .delay ? "go behind the others" : "are refused"
            sentences.append("those who have waited \(RulesNote.time(timeout))\(place) \(action)")
        }
        return sentences
    }

    /// A time in the largest unit in which it is a whole number.
    private static func time(_ nanoseconds: Int64) -> String {
        for (unit, size) in [("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)] as [(String, Int64)]
        where nanoseconds.isMultiple(of: size) { return "\(nanoseconds / size) \(unit)" }
        return "\(nanoseconds) ns"
    }
}
