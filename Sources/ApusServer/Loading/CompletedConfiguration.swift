internal import ApusCore
internal import ApusEngine
internal import ApusProtocol

/// Fills in what a configuration leaves to the model file, for `/config`.
struct CompletedConfiguration {
    let id: ModelID
    let engine: any Engine
    /// Whether answers are remembered, whichever file says so.
    var hasCache = false

    /// The configuration with name, engine and tensors.
    ///
    /// - Throws: When a shape of the model has no form in a configuration.
    func complete(
        _ configuration: ModelConfiguration,
        _ agreement: SignatureAgreement
    ) throws(ModelConfigurationError) -> ModelConfiguration {
        var builder = ModelConfigurationBuilder(configuration)
        if configuration.name.isEmpty { builder.setName(id.name.description) }
        if configuration.platform.isEmpty { builder.setPlatform(engine.platform) }
        if configuration.backend.isEmpty { builder.setBackend(engine.name) }
        if configuration.defaultModelFilename.isEmpty, let filename = engine.modelFilenames.first {
            builder.setDefaultModelFilename(filename)
        }
        if !configuration.message.isSet("version_policy") { builder.setVersionPolicyLatest(1) }
        let skipped = configuration.maxBatchSize > 0 ? 1 : 0
        if configuration.inputs.isEmpty {
            for input in agreement.inputs {
                try builder.appendInput(
                    name: input.name,
                    v2DataType: input.dataType.rawValue,
                    dims: input.shape.dropFirst(skipped).map(Int64.init)
                )
            }
        }
        if configuration.outputs.isEmpty {
            for output in agreement.outputs {
                try builder.appendOutput(
                    name: output.name,
                    v2DataType: output.dataType.rawValue,
                    dims: output.shape.dropFirst(skipped).map(Int64.init)
                )
            }
        }
        if hasCache != configuration.responseCacheEnabled { builder.setResponseCache(isEnabled: hasCache) }
        builder.fillDocumentedDefaults()
        return builder.makeConfiguration()
    }
}
