extension ModelConfigurationBuilder {
    /// Writes out the defaults that Triton shows in `/config` although they are not those of protobuf.
    ///
    /// Call it last: the preferred batch size follows from the largest batch.
    package mutating func fillDocumentedDefaults() {
        if !message.isSet("version_policy") {
            setVersionPolicyLatest()
        }
        if var batching = message.message("dynamic_batching") {
            fillPreferredBatchSize(of: &batching)
            message.assign("dynamic_batching", .message(batching))
        }
        if var sequences = message.message("sequence_batching") {
            if sequences.unsigned("max_sequence_idle_microseconds") == 0 {
                sequences.assign("max_sequence_idle_microseconds", .unsigned(1_000_000))
            }
            if var oldest = sequences.message("oldest") {
                fillPreferredBatchSize(of: &oldest)
                sequences.assign("oldest", .message(oldest))
            }
            message.assign("sequence_batching", .message(sequences))
        }
        // An ensemble must not have `optimization`.
        if !message.isSet("ensemble_scheduling") {
            fillPinnedMemory()
        }
    }

    /// Prefers the largest batch when nothing else is preferred.
    private func fillPreferredBatchSize(of batching: inout ModelConfigurationMessage) {
        let size = message.signed("max_batch_size")
        if batching.values("preferred_batch_size").isEmpty, size > 0 {
            batching.assign("preferred_batch_size", .signed(size))
        }
    }

    /// Lets tensors pass through pinned memory unless the file says otherwise.
    private mutating func fillPinnedMemory() {
        var optimization =
            message.message("optimization")
            ?? ModelConfigurationMessage(schema: ModelConfigurationSchema.modelOptimizationPolicy)
        for field in ["input_pinned_memory", "output_pinned_memory"] where !optimization.isSet(field) {
            var buffer = ModelConfigurationMessage(schema: ModelConfigurationSchema.pinnedMemoryBuffer)
            buffer.assign("enable", .boolean(true))
            optimization.assign(field, .message(buffer))
        }
        message.assign("optimization", .message(optimization))
    }
}
