/// How long, and how many, requests of one priority may wait: Triton's `ModelQueuePolicy`.
package struct QueuePolicy: Hashable, Sendable {
    /// What happens to a request that has waited too long.
    package enum TimeoutAction: Sendable {
        /// It is refused.
        case reject
        /// It goes behind all others of its priority.
        case delay
    }

    /// What happens to a request that has waited too long.
    package var timeoutAction = TimeoutAction.reject
    /// How long a request may wait, in nanoseconds; `nil` for any time.
    package var defaultTimeout: Int64?
    /// Whether a request may ask for a shorter time.
    package var allowsTimeoutOverride = false
    /// How many requests may wait; `nil` for `unwrittenMaxSize`.
    package var maxSize: Int?
    /// How many requests may wait at a priority of which nobody says how many: so many only a mistake brings together.
    package static let unwrittenMaxSize = 65_536

    /// A policy without bounds.
    package init() {}

    /// How long a request may wait, in nanoseconds; `nil` for any time.
    ///
    /// Triton's rule: the request's own parameter `timeout` (`asked`, 0 when it says nothing) counts only when overriding
    /// is allowed, and only when it is shorter than a default that isn't zero.
    func timeout(asked: Int64) -> Int64? {
        guard let defaultTimeout else { return nil }
        guard allowsTimeoutOverride, asked > 0 else { return defaultTimeout }
        return min(asked, defaultTimeout)
    }
}

/// The priorities of a model's queue and their policies.
package struct QueueRules: Hashable, Sendable {
    /// The policy of each priority, highest first; never empty.
    package let policies: [QueuePolicy]
    /// The place in `policies` of requests that name no priority.
    package let defaultLevel: Int
    /// Whether the user wrote a policy: then Triton's rules for `timeout` hold, else it is the request's deadline.
    package let isWritten: Bool

    /// One priority, no bounds, as a model has it whose configuration says nothing.
    package init() {
        self.policies = [QueuePolicy()]
        self.defaultLevel = 0
        self.isWritten = false
    }

    /// The priorities that a configuration names.
    ///
    /// - Parameters:
    ///   - policies: The policy of each priority, highest first; an empty list becomes one without bounds.
    ///   - defaultPriority: The priority of requests that name none, counted from 1; 0 for the highest.
    ///   - isWritten: Whether the user wrote a policy.
    package init(policies: [QueuePolicy], defaultPriority: Int, isWritten: Bool = true) {
        self.policies = policies.isEmpty ? [QueuePolicy()] : policies
        self.defaultLevel = min(max(0, defaultPriority - 1), max(0, policies.count - 1))
        self.isWritten = isWritten
    }

    /// The place in `policies` of a request that asks for a priority, counted from 1.
    ///
    /// 0, or a number that there is no priority for, means the default, as in Triton.
    func level(priority: UInt64) -> Int {
        guard priority > 0, priority <= UInt64(policies.count) else { return defaultLevel }
        return Int(priority) - 1
    }
}
