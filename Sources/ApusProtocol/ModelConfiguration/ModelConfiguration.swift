/// The configuration of one model, as a server uses it.
///
/// It may be incomplete: absent fields have protobuf's defaults until a `ModelConfigurationBuilder` fills them in.
/// What has no property here can be read from `message`.
package struct ModelConfiguration: Sendable, Equatable {
    /// Every field that is set, with its place in the text.
    package let message: ModelConfigurationMessage

    /// The name of the model; empty when the folder's name counts.
    package let name: String

    /// The older way to name the engine and the format, such as `onnxruntime_onnx` or `ensemble`.
    package let platform: String

    /// The engine, such as `onnxruntime` or `openvino`.
    package let backend: String

    /// The library file of the engine; empty for the usual one.
    package let runtime: String

    /// The largest batch, or zero when the first dimension is no batch.
    package let maxBatchSize: Int

    /// What the model asks for.
    package let inputs: [Input]

    /// What the model answers.
    package let outputs: [Output]

    /// Which versions are to be live.
    package let versionPolicy: VersionPolicy

    /// The model's file in the version's folder; empty for the usual name.
    package let defaultModelFilename: String

    /// The parallel copies that are asked for; empty for the engine's default.
    package let instanceGroups: [InstanceGroup]

    /// How waiting requests are joined; nil when they are not.
    package let dynamicBatching: DynamicBatching?

    /// The graph of models; nil when this is no ensemble.
    package let ensembleScheduling: EnsembleScheduling?

    /// How the engine is to run the model.
    package let optimization: Optimization

    /// Requests to run before a version is ready.
    package let warmups: [Warmup]

    /// Settings for the engine.
    package let parameters: [String: String]

    /// Labels to add to the model's metrics.
    package let metricTags: [String: String]

    /// Whether answers are remembered.
    package let responseCacheEnabled: Bool

    /// Whether the number of responses may differ from the number of requests.
    package let isDecoupled: Bool

    /// Whether requests that belong together are kept together; how is to be read from `message`.
    package var isSequenceBatching: Bool {
        message.isSet("sequence_batching")
    }

    /// Whether this is a graph of other models.
    package var isEnsemble: Bool {
        platform == "ensemble" || ensembleScheduling != nil
    }

    /// Reads the properties out of a message of the schema `modelConfig`.
    init(message: ModelConfigurationMessage) {
        self.message = message
        name = message.string("name")
        platform = message.string("platform")
        backend = message.string("backend")
        runtime = message.string("runtime")
        maxBatchSize = Int(message.signed("max_batch_size"))
        inputs = message.messages("input").map(Input.init)
        outputs = message.messages("output").map(Output.init)
        versionPolicy = VersionPolicy(message: message.message("version_policy"))
        defaultModelFilename = message.string("default_model_filename")
        instanceGroups = message.messages("instance_group").map(InstanceGroup.init)
        dynamicBatching = message.message("dynamic_batching").map(DynamicBatching.init)
        ensembleScheduling = message.message("ensemble_scheduling").map(EnsembleScheduling.init)
        optimization = Optimization(message: message.message("optimization"))
        warmups = message.messages("model_warmup").map(Warmup.init)
        parameters = message.messageMap("parameters").mapValues { $0.string("string_value") }
        metricTags = message.stringMap("metric_tags")
        responseCacheEnabled = message.message("response_cache")?.boolean("enable") ?? false
        isDecoupled = message.message("model_transaction_policy")?.boolean("decoupled") ?? false
    }

    /// A configuration with nothing set, for a model without `config.pbtxt`.
    package static let empty = ModelConfiguration(
        message: ModelConfigurationMessage(schema: ModelConfigurationSchema.modelConfig)
    )
}
