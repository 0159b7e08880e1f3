extension ModelConfiguration {
    /// Reads `config.pbtxt`; what it says is well formed afterwards, but see `validate()`.
    package static func parse(text: [UInt8]) throws(ModelConfigurationError) -> ModelConfiguration {
        let fields = try TextFormatReader.fields(of: text)
        return ModelConfiguration(
            message: try ModelConfigurationMessageReader.message(
                of: fields,
                schema: ModelConfigurationSchema.modelConfig
            )
        )
    }

    /// Reads `config.pbtxt` that is at hand as text.
    package static func parse(text: String) throws(ModelConfigurationError) -> ModelConfiguration {
        try parse(text: Array(text.utf8))
    }

    /// The configuration as JSON in the form of `/v2/models/…/config`.
    package func jsonBytes() -> [UInt8] {
        ModelConfigurationJSONWriter.bytes(of: message)
    }
}
