extension ModelConfiguration {
    /// How waiting requests are joined.
    package struct DynamicBatching: Sendable, Equatable {
        /// Batch sizes worth waiting for; empty for the largest batch.
        package let preferredBatchSizes: [Int]

        /// How long the first request waits for company.
        package let maxQueueDelay: Duration

        /// Whether responses leave in the order of the requests.
        package let preservesOrdering: Bool

        /// How many priorities there are, one being the highest; zero for none.
        ///
        /// The file may say any number: do not allocate by it.
        package let priorityLevels: UInt64

        /// The priority of requests that name none.
        package let defaultPriorityLevel: UInt64

        /// The policy of priorities that have none of their own; nil for no bounds.
        package let defaultQueuePolicy: QueuePolicy?

        /// The policies of single priorities.
        package let priorityQueuePolicies: [UInt64: QueuePolicy]

        /// Reads the properties out of a message of the schema `modelDynamicBatching`.
        init(message: ModelConfigurationMessage) {
            preferredBatchSizes = message.signedNumbers("preferred_batch_size").map { Int($0) }
            maxQueueDelay = .microseconds(message.unsigned("max_queue_delay_microseconds"))
            preservesOrdering = message.boolean("preserve_ordering")
            priorityLevels = message.unsigned("priority_levels")
            defaultPriorityLevel = message.unsigned("default_priority_level")
            defaultQueuePolicy = message.message("default_queue_policy").map(QueuePolicy.init)
            var policies: [UInt64: QueuePolicy] = [:]
            for (key, policy) in message.messageMap("priority_queue_policy") {
                guard let level = UInt64(key) else { continue }
                policies[level] = QueuePolicy(message: policy)
            }
            priorityQueuePolicies = policies
        }
    }
}
