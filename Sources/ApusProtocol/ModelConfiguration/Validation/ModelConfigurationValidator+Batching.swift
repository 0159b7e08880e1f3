extension ModelConfigurationValidator {
    /// Checks how waiting requests are joined.
    mutating func checkDynamicBatching() {
        guard let batching = message.message("dynamic_batching") else { return }
        checkPreferredBatchSizes(of: batching, "dynamic_batching")
        checkPriorities(of: batching)
        if batching.boolean("preserve_ordering") {
            checkOrdering(of: batching)
        }
    }

    /// Checks that preferred batches are batches that can occur.
    mutating func checkPreferredBatchSizes(of batching: ModelConfigurationMessage, _ path: String) {
        let largest = Int64(configuration.maxBatchSize)
        for element in batching.field("preferred_batch_size")?.elements ?? [] {
            guard case .signed(let size) = element.value else { continue }
            let title = "'\(path).preferred_batch_size' \(size)"
            if size < 1 {
                report(at: element.position, "\(title) is no batch; write sizes from 1 to 'max_batch_size'")
            } else if isBatchSizeKnown, largest >= 0, size > largest {
                report(
                    at: element.position,
                    largest == 0
                        ? "\(title) needs batching, but 'max_batch_size' is 0; set 'max_batch_size' or remove it"
                        : "\(title) exceeds 'max_batch_size' \(largest); write sizes from 1 to \(largest), "
                            + "or raise 'max_batch_size'"
                )
            }
        }
    }

    /// Checks that priorities lie within the levels.
    private mutating func checkPriorities(of batching: ModelConfigurationMessage) {
        let levels = batching.unsigned("priority_levels")
        guard levels > 0 else { return }
        let standard = batching.unsigned("default_priority_level")
        if standard < 1 || standard > levels {
            report(
                at: batching.position(of: "default_priority_level") ?? batching.position(of: "priority_levels"),
                "'dynamic_batching.default_priority_level' is \(standard); "
                    + "with 'priority_levels' \(levels) it must be from 1 to \(levels)"
            )
        }
        for element in batching.field("priority_queue_policy")?.elements ?? [] {
            guard let level = element.key.flatMap({ UInt64($0) }), level < 1 || level > levels else { continue }
            report(
                at: element.position,
                "'dynamic_batching.priority_queue_policy' has the key \(level); "
                    + "with 'priority_levels' \(levels) keys go from 1 to \(levels)"
            )
        }
    }

    /// Checks that nothing changes the order that is to be kept.
    private mutating func checkOrdering(of batching: ModelConfigurationMessage) {
        let position = batching.position(of: "preserve_ordering")
        if configuration.isDecoupled {
            report(
                .conflictingFields,
                at: position,
                "'preserve_ordering' cannot be used with 'model_transaction_policy.decoupled', "
                    + "because any number of answers would have to be held back behind a slow request; "
                    + "switch one of the two off"
            )
        }
        let levels = batching.unsigned("priority_levels")
        if levels > 1 {
            report(
                .conflictingFields,
                at: position,
                "'preserve_ordering' allows one priority level, but 'priority_levels' is \(levels); "
                    + "remove one of the two"
            )
        }
        let standard = batching.field("default_queue_policy")?.elements ?? []
        let special = batching.field("priority_queue_policy")?.elements ?? []
        for element in standard + special {
            guard case .message(let policy) = element.value, policy.enumeration("timeout_action")?.name == "DELAY",
                // Without a timeout nothing is ever delayed, and Triton accepts it.
                policy.unsigned("default_timeout_microseconds") > 0
            else { continue }
            report(
                .conflictingFields,
                at: policy.position(of: "timeout_action") ?? element.position,
                "'preserve_ordering' does not go with 'timeout_action: DELAY', "
                    + "which puts late requests behind others; use REJECT, or remove 'preserve_ordering'"
            )
        }
    }
}
