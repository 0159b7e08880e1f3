internal import ApusCore
package import ApusEngine

/// Runs models that need no library and no file; their configuration says everything.
package struct BuiltinEngine: Engine {
    package let name = "builtin"
    package let platform = "builtin"
    package let modelFilenames: [String] = []

    package var information: EngineInformation {
        EngineInformation(name: name, version: "1", devices: ["CPU"], libraryPath: nil)
    }

    /// Makes the engine; it has no state.
    package init() {}

    package func load(_ source: ModelSource, options: SessionOptions) throws(EngineError) -> any EngineSession {
        guard options.device == .standard else {
            throw EngineError(
                .unsupportedModel,
                "built-in model '\(options.modelName)' can't run on \(options.device): write kind: KIND_CPU"
            )
        }
        let parameters = try BuiltinParameters(options)
        switch parameters.kind {
        case .repeat:
            return try RepeatSession(options, warnings: parameters.warnings)
        case .sequence:
            return try SequenceSession(
                options,
                delayNanoseconds: parameters.delayNanoseconds,
                warnings: parameters.warnings
            )
        case .identity, .delay, .fail: break
        }
        try IdentityRule(options).check()
        return IdentitySession(
            modelName: options.modelName,
            signature: ModelSignature(
                inputs: options.configuredInputs,
                outputs: options.configuredOutputs,
                warnings: parameters.warnings
            ),
            delayNanoseconds: parameters.delayNanoseconds,
            failure: parameters.kind == .fail ? try FailureRule(options) : nil
        )
    }
}
