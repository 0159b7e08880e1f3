extension ModelConfigurationSchema {
    /// What happens to a request that waited too long.
    package static let timeoutAction = EnumerationSchema("ModelQueuePolicy.TimeoutAction", ["REJECT", "DELAY"])

    /// How long and how many requests may wait.
    package static let modelQueuePolicy = MessageSchema(
        "ModelQueuePolicy",
        [
            FieldSchema("timeout_action", 1, .enumeration(timeoutAction)),
            FieldSchema("default_timeout_microseconds", 2, .uint64),
            FieldSchema("allow_timeout_override", 3, .bool),
            FieldSchema("max_queue_size", 4, .uint32),
        ]
    )

    /// How waiting requests are joined.
    package static let modelDynamicBatching = MessageSchema(
        "ModelDynamicBatching",
        [
            FieldSchema("preferred_batch_size", 1, .int32, .repeated),
            FieldSchema("max_queue_delay_microseconds", 2, .uint64),
            FieldSchema("preserve_ordering", 3, .bool),
            FieldSchema("priority_levels", 4, .uint64),
            FieldSchema("default_priority_level", 5, .uint64),
            FieldSchema("default_queue_policy", 6, .message(modelQueuePolicy)),
            FieldSchema("priority_queue_policy", 7, .message(modelQueuePolicy), .uint64Map),
        ]
    )

    /// One model of an ensemble and what connects it.
    package static let ensembleStep = MessageSchema(
        "ModelEnsembling.Step",
        [
            FieldSchema("model_name", 1, .string),
            FieldSchema("model_version", 2, .int64),
            FieldSchema("input_map", 3, .string, .stringMap),
            FieldSchema("output_map", 4, .string, .stringMap),
            FieldSchema("model_namespace", 5, .string),
        ]
    )

    /// A graph of models.
    package static let modelEnsembling = MessageSchema(
        "ModelEnsembling",
        [
            FieldSchema("step", 1, .message(ensembleStep), .repeated),
            FieldSchema("max_inflight_requests", 2, .uint32),
        ]
    )
}
