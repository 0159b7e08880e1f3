extension ModelConfiguration {
    /// How long and how many requests may wait.
    package struct QueuePolicy: Sendable, Equatable {
        /// What happens to a request that waited too long.
        package enum TimeoutAction: Int32, Sendable {
            /// It is refused.
            case reject = 0
            /// It goes behind all others.
            case delay = 1
        }

        /// What happens to a request that waited too long.
        package let timeoutAction: TimeoutAction

        /// How long a request may wait; nil for any time.
        package let defaultTimeout: Duration?

        /// Whether a request may ask for a shorter time.
        package let allowsTimeoutOverride: Bool

        /// How many requests may wait; nil for any number.
        package let maxQueueSize: Int?

        /// Reads the properties out of a message of the schema `modelQueuePolicy`.
        init(message: ModelConfigurationMessage) {
            timeoutAction =
                message.enumeration("timeout_action").flatMap { TimeoutAction(rawValue: $0.number) } ?? .reject
            let timeout = message.unsigned("default_timeout_microseconds")
            defaultTimeout = timeout == 0 ? nil : .microseconds(timeout)
            allowsTimeoutOverride = message.boolean("allow_timeout_override")
            let size = message.unsigned("max_queue_size")
            maxQueueSize = size == 0 ? nil : Int(clamping: size)
        }
    }
}
