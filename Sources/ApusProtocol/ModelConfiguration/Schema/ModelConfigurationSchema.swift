/// Every message that `config.pbtxt` may hold, as a table: `inference.ModelConfig` and what it consists of.
///
/// One file for each part of a configuration; inner messages stand before the outer ones that hold them.
package enum ModelConfigurationSchema {
    /// The whole configuration of one model.
    package static let modelConfig = MessageSchema(
        "ModelConfig",
        [
            FieldSchema("name", 1, .string),
            FieldSchema("platform", 2, .string),
            FieldSchema("backend", 17, .string),
            FieldSchema("runtime", 25, .string),
            FieldSchema("version_policy", 3, .message(modelVersionPolicy)),
            FieldSchema("max_batch_size", 4, .int32),
            FieldSchema("input", 5, .message(modelInput), .repeated),
            FieldSchema("output", 6, .message(modelOutput), .repeated),
            FieldSchema("batch_input", 20, .message(batchInput), .repeated),
            FieldSchema("batch_output", 21, .message(batchOutput), .repeated),
            FieldSchema("optimization", 12, .message(modelOptimizationPolicy)),
            FieldSchema("dynamic_batching", 11, .message(modelDynamicBatching), oneof: "scheduling_choice"),
            FieldSchema("sequence_batching", 13, .message(modelSequenceBatching), oneof: "scheduling_choice"),
            FieldSchema("ensemble_scheduling", 15, .message(modelEnsembling), oneof: "scheduling_choice"),
            FieldSchema("instance_group", 7, .message(modelInstanceGroup), .repeated),
            FieldSchema("default_model_filename", 8, .string),
            FieldSchema("cc_model_filenames", 9, .string, .stringMap),
            FieldSchema("metric_tags", 10, .string, .stringMap),
            FieldSchema("parameters", 14, .message(modelParameter), .stringMap),
            FieldSchema("model_warmup", 16, .message(modelWarmup), .repeated),
            FieldSchema("model_operations", 18, .message(modelOperations)),
            FieldSchema("model_transaction_policy", 19, .message(modelTransactionPolicy)),
            FieldSchema("model_repository_agents", 23, .message(modelRepositoryAgents)),
            FieldSchema("response_cache", 24, .message(modelResponseCache)),
            FieldSchema("model_metrics", 26, .message(modelMetrics)),
        ]
    )
}
