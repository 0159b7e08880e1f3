/// Completes a configuration whose file is absent or says only part of it.
///
/// What it sets has no position, so `unsupportedFields(supported:)` does not blame the file for it.
package struct ModelConfigurationBuilder {
    /// The configuration as it is so far.
    var message: ModelConfigurationMessage

    /// Starts from a configuration, or from nothing.
    package init(_ configuration: ModelConfiguration = .empty) {
        message = configuration.message
    }

    /// The configuration with everything set so far.
    package func makeConfiguration() -> ModelConfiguration {
        ModelConfiguration(message: message)
    }

    /// Names the model.
    package mutating func setName(_ name: String) {
        message.assign("name", .string(name))
    }

    /// Names the platform.
    package mutating func setPlatform(_ platform: String) {
        message.assign("platform", .string(platform))
    }

    /// Names the engine.
    package mutating func setBackend(_ backend: String) {
        message.assign("backend", .string(backend))
    }

    /// Names the model's file.
    package mutating func setDefaultModelFilename(_ filename: String) {
        message.assign("default_model_filename", .string(filename))
    }

    /// Limits the batch; zero for a model whose first dimension is no batch.
    package mutating func setMaxBatchSize(_ size: Int) throws(ModelConfigurationError) {
        guard let size = Int32(exactly: size) else {
            throw ModelConfigurationError(
                .outOfRange,
                at: nil,
                "'max_batch_size' takes numbers up to \(Int32.max), found \(size)"
            )
        }
        message.assign("max_batch_size", .signed(Int64(size)))
    }

    /// Asks for the newest versions only.
    package mutating func setVersionPolicyLatest(_ count: UInt32 = 1) {
        var latest = ModelConfigurationMessage(schema: ModelConfigurationSchema.latestVersions)
        latest.assign("num_versions", .unsigned(UInt64(count)))
        var policy = ModelConfigurationMessage(schema: ModelConfigurationSchema.modelVersionPolicy)
        policy.assign("latest", .message(latest))
        message.assign("version_policy", .message(policy))
    }

    /// Says whether answers are remembered.
    package mutating func setResponseCache(isEnabled: Bool) {
        var cache = ModelConfigurationMessage(schema: ModelConfigurationSchema.modelResponseCache)
        cache.assign("enable", .boolean(isEnabled))
        message.assign("response_cache", .message(cache))
    }

    /// Joins waiting requests with the default settings, unless the file chose how requests are scheduled.
    package mutating func enableDynamicBatching() {
        let choices = ["dynamic_batching", "sequence_batching", "ensemble_scheduling"]
        guard !choices.contains(where: message.isSet) else { return }
        let batching = ModelConfigurationMessage(schema: ModelConfigurationSchema.modelDynamicBatching)
        message.assign("dynamic_batching", .message(batching))
    }

    /// Adds an input behind those that are there.
    package mutating func appendInput(
        name: String,
        v2DataType: String,
        dims: [Int64],
        isOptional: Bool = false
    ) throws(ModelConfigurationError) {
        var input = try Self.tensor(ModelConfigurationSchema.modelInput, name: name, v2DataType: v2DataType, dims: dims)
        if isOptional { input.assign("optional", .boolean(true)) }
        message.append("input", .message(input))
    }

    /// Adds an output behind those that are there.
    package mutating func appendOutput(
        name: String,
        v2DataType: String,
        dims: [Int64]
    ) throws(ModelConfigurationError) {
        message.append(
            "output",
            .message(
                try Self.tensor(ModelConfigurationSchema.modelOutput, name: name, v2DataType: v2DataType, dims: dims)
            )
        )
    }

    /// The fields that inputs and outputs have in common.
    static func tensor(
        _ schema: MessageSchema,
        name: String,
        v2DataType: String,
        dims: [Int64]
    ) throws(ModelConfigurationError) -> ModelConfigurationMessage {
        guard let type = ConfiguredDataType(v2Name: v2DataType),
            let member = ModelConfigurationSchema.dataType.member(numbered: Int64(type.rawValue))
        else {
            throw ModelConfigurationError(
                .unknownEnumerationValue,
                at: nil,
                "tensor \(name.quotedExcerpt) has the unknown data type \(v2DataType.quotedExcerpt); known are "
                    + ConfiguredDataType.allCases.dropFirst().map(\.v2Name).joined(separator: ", ")
            )
        }
        var tensor = ModelConfigurationMessage(schema: schema)
        tensor.assign("name", .string(name))
        tensor.assign("data_type", .enumeration(member))
        for dim in dims {
            tensor.append("dims", .signed(dim))
        }
        return tensor
    }
}
