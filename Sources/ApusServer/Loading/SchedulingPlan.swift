internal import ApusCore
internal import ApusProtocol
internal import ApusScheduling

/// What a model's configuration says of waiting and of joining requests, in the scheduler's terms.
struct SchedulingPlan: Sendable, Equatable {
    /// Each priority is a queue of its own; more than this is a slip of the pen.
    static let maxPriorities: UInt64 = 1024

    /// Priorities and their policies.
    let queue: QueueRules
    /// What may share a run.
    let batching: BatchRules

    /// Reads a configuration and what `apus.yaml` adds; `place` is the configuration's file, for messages.
    ///
    /// - Throws: `invalidConfiguration` for more priorities than there can be, for sizes or a delay beside a goal, and for
    ///   allowed sizes that can't be reached.
    init(
        _ configuration: ModelConfiguration,
        settings: ModelSettings = ModelSettings(),
        place: String
    ) throws(ModelError) {
        var batching = BatchRules()
        batching.latencyGoal = settings.scheduling.latencyGoal
        batching.isAllowed = try SchedulingPlan.allowsBatching(configuration, place: place)
        batching.allowedSizes = try SchedulingPlan.allowedSizes(configuration, settings.scheduling, place: place)
        if !batching.isAllowed { try SchedulingPlan.refuseSizes(configuration, settings.scheduling, place: place) }
        guard let written = configuration.dynamicBatching else {
            self.queue = QueueRules()
            batching.add(configuration.sequenceBatching, maxBatchSize: configuration.maxBatchSize)
            self.batching = batching
            return
        }
        guard written.priorityLevels <= SchedulingPlan.maxPriorities else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): dynamic_batching.priority_levels is \(written.priorityLevels); "
                    + "at most \(SchedulingPlan.maxPriorities) are kept apart"
            )
        }
        let choosesItself = written.preferredBatchSizes.isEmpty && written.maxQueueDelay == .zero
        guard batching.latencyGoal == nil || choosesItself else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): dynamic_batching has preferred_batch_size or max_queue_delay_microseconds, and apus.yaml a "
                    + "scheduling.latency_goal, which chooses both; remove one of the two"
            )
        }
        batching.preferredSizes = written.preferredBatchSizes.sorted()
        batching.maxDelay = written.maxQueueDelay.nanoseconds
        batching.preservesOrdering = written.preservesOrdering
        self.batching = batching
        let general = QueuePolicy(written.defaultQueuePolicy)
        let policies = (0..<max(1, written.priorityLevels)).map { level in
            written.priorityQueuePolicies[level + 1].map(QueuePolicy.init) ?? general
        }
        self.queue = QueueRules(
            policies: policies,
            defaultPriority: Int(clamping: written.defaultPriorityLevel),
            isWritten: written.defaultQueuePolicy != nil || !written.priorityQueuePolicies.isEmpty
        )
    }
}

extension SchedulingPlan {
    /// The parameter by which a user switches the joining of requests off.
    static let batchingParameter = "batching"

    private static func allowsBatching(_ configuration: ModelConfiguration, place: String) throws(ModelError) -> Bool {
        switch configuration.parameters[batchingParameter] {
        case nil, "on": return true
        case "off": return false
        case .some(let value):
            throw ModelError(
                .invalidConfiguration,
                "\(place): parameters: batching is '\(value)'; write \"on\" or \"off\""
            )
        }
    }
}

extension SchedulingPlan {
    /// Sizes and waits say something only of requests that share runs.
    private static func refuseSizes(
        _ configuration: ModelConfiguration,
        _ settings: ModelSettings.Scheduling,
        place: String
    ) throws(ModelError) {
        var idle: [String] = []
        if let written = configuration.dynamicBatching {
            if !written.preferredBatchSizes.isEmpty { idle.append("dynamic_batching.preferred_batch_size") }
            if written.maxQueueDelay != .zero { idle.append("dynamic_batching.max_queue_delay_microseconds") }
        }
        if case .oldest(let oldest) = configuration.sequenceBatching?.strategy {
            if !oldest.preferredBatchSizes.isEmpty { idle.append("sequence_batching.oldest.preferred_batch_size") }
            if oldest.maxQueueDelay != .zero { idle.append("sequence_batching.oldest.max_queue_delay_microseconds") }
        }
        if settings.latencyGoal != nil { idle.append("apus.yaml's scheduling.latency_goal") }
        guard !idle.isEmpty else { return }
        throw ModelError(
            .invalidConfiguration,
            "\(place): parameters: batching is 'off', so that \(idle.joined(separator: " and ")) would do nothing; remove "
                + "one of the two"
        )
    }

    private static func allowedSizes(
        _ configuration: ModelConfiguration,
        _ settings: ModelSettings.Scheduling,
        place: String
    ) throws(ModelError) -> AllowedSizes {
        guard let largest = settings.allowedBatchSizes.last else { return AllowedSizes() }
        let maxBatchSize = configuration.maxBatchSize
        guard maxBatchSize == 0 || largest <= maxBatchSize else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): max_batch_size is \(maxBatchSize), but apus.yaml's scheduling.allowed_batch_sizes go up to "
                    + "\(largest); remove the larger sizes, or raise max_batch_size"
            )
        }
        guard configuration.parameters[batchingParameter] != "off" else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): parameters: batching is 'off', so that no run could be filled up to apus.yaml's "
                    + "scheduling.allowed_batch_sizes; remove one of the two"
            )
        }
        guard !configuration.isSequenceBatching || maxBatchSize > 0 else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): sequence_batching without max_batch_size runs one sequence at a time, so that no run could "
                    + "be filled up to apus.yaml's scheduling.allowed_batch_sizes; write max_batch_size"
            )
        }
        return AllowedSizes(settings.allowedBatchSizes)
    }
}

extension BatchRules {
    /// How long requests of sequences wait for those of others.
    ///
    /// Triton's rules: `direct` waits only for as many as `minimum_slot_utilization` says. Without `max_batch_size`
    /// nobody has said that a run may hold more than one sequence.
    fileprivate mutating func add(_ sequences: ModelConfiguration.SequenceBatching?, maxBatchSize: Int) {
        guard let sequences else { return }
        if maxBatchSize == 0 { isAllowed = false }
        switch sequences.strategy {
        case .direct(let delay, let utilization):
            guard utilization > 0, maxBatchSize > 0 else { return }
            maxDelay = delay.nanoseconds
            preferredSizes = [max(1, Int((utilization * Double(maxBatchSize)).rounded(.up)))]
        case .oldest(let oldest):
            maxDelay = oldest.maxQueueDelay.nanoseconds
            preferredSizes = oldest.preferredBatchSizes.sorted()
            preservesOrdering = oldest.preservesOrdering
        }
    }
}

extension QueuePolicy {
    fileprivate init(_ written: ModelConfiguration.QueuePolicy?) {
        self.init()
        guard let written else { return }
        timeoutAction = written.timeoutAction == .delay ? .delay : .reject
        defaultTimeout = written.defaultTimeout?.nanoseconds
        allowsTimeoutOverride = written.allowsTimeoutOverride
        maxSize = written.maxQueueSize
    }
}

extension Duration {
    /// Whole nanoseconds; the longest that fits for more.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return .max }
        let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? .max : sum
    }
}
