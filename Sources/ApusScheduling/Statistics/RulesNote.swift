/// The settings of a model that decide when its requests run, in one sentence for its statistics.
struct RulesNote: Sendable {
    /// What doesn't change while the version lives.
    private let settings: [String]

    /// Writes down what is set.
    init(queue: QueueRules, batching: BatchRules, priority: ModelPriority) {
        var settings: [String] = []
        switch priority {
        case .high: settings.append("runs before other models")
        case .normal: break
        case .low: settings.append("runs after other models")
        }
        if batching.maxDelay > 0 { settings.append("up to \(RulesNote.time(batching.maxDelay)) for company") }
        if !batching.preferredSizes.isEmpty {
            settings.append("preferred sizes \(batching.preferredSizes.map(String.init).joined(separator: ", "))")
        }
        if batching.preservesOrdering { settings.append("answers leave in the order of their requests") }
        if queue.policies.count > 1 {
            settings.append(
                "\(queue.policies.count) priority levels, \(queue.defaultLevel + 1) unless a request says otherwise"
            )
        }
        self.settings = settings + RulesNote.sentences(of: queue.policies)
    }

    /// What is set, and how much of a goal may be used now.
    ///
    /// - Parameter goal: The goal as it stands now, where there is one.
    /// - Returns: Sentences joined by semicolons; nothing where nothing is set.
    func text(goal: LatencyGoal?) -> String {
        guard let goal else { return settings.joined(separator: "; ") }
        let share = Int((goal.share * 100).rounded())
        let aim =
            "latency_goal: 99 of 100 requests within \(RulesNote.time(goal.nanoseconds)), of which \(share) % may be "
            + "used now"
        return ([aim] + settings).joined(separator: "; ")
    }

    /// The policies of all levels; neighbours that have the same one share a sentence.
    private static func sentences(of policies: [QueuePolicy]) -> [String] {
        var sentences: [String] = []
        var level = 0
        while level < policies.count {
            let policy = policies[level]
            let end = policies[level...].firstIndex { $0 != policy } ?? policies.count
            let place =
                switch (level, end) {
                case (0, policies.count): ""
                case (_, level + 1): " at level \(level + 1)"
                default: " at levels \(level + 1) to \(end)"
                }
            if let size = policy.maxSize { sentences.append("at most \(size) may wait\(place)") }
            if let timeout = policy.defaultTimeout, timeout > 0 {
                let action = policy.timeoutAction == .delay ? "go behind the others" : "are refused"
                sentences.append("those who have waited \(time(timeout))\(place) \(action)")
            }
            level = end
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
