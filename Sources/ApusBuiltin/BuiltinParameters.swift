internal import ApusEngine

/// The `parameters` of a built-in model.
struct BuiltinParameters {
    /// The longest delay: a day.
    private static let maxDelayMilliseconds = 86_400_000

    /// Which model it is.
    let kind: BuiltinKind
    /// How long a run waits.
    let delayNanoseconds: Int64
    /// Keys that were not understood.
    let warnings: [String]

    /// Reads the parameters of a model.
    init(_ options: SessionOptions) throws(EngineError) {
        self.kind = try Self.kind(options)
        self.delayNanoseconds = try Self.delay(options, isRequired: kind == .delay)
        let known = kind.parameters
        self.warnings = options.parameters.keys.sorted().filter { $0 != "kind" && !known.contains($0) }
            .map { "parameter '\($0)' isn't known to the engine 'builtin' and has no effect" }
    }

    /// The kind that the configuration or the model's name says.
    private static func kind(_ options: SessionOptions) throws(EngineError) -> BuiltinKind {
        let written = options.parameters["kind"]
        if let kind = written.map(BuiltinKind.init(rawValue:)) ?? BuiltinKind(modelName: options.modelName) {
            return kind
        }
        let known = BuiltinKind.allCases.map(\.rawValue).joined(separator: ", ")
        throw EngineError(
            .unsupportedModel,
            "built-in model '\(options.modelName)' is of unknown kind '\(written ?? options.modelName)'; "
                + "set its parameter 'kind' to one of: \(known)"
        )
    }

    /// The delay in nanoseconds; 0 when none is written and none is required.
    private static func delay(_ options: SessionOptions, isRequired: Bool) throws(EngineError) -> Int64 {
        guard let written = options.parameters["execute_delay_ms"] ?? (isRequired ? "" : nil) else { return 0 }
        guard let milliseconds = Int(written), (0...maxDelayMilliseconds).contains(milliseconds) else {
            throw EngineError(
                .unsupportedModel,
                "built-in model '\(options.modelName)' needs a parameter 'execute_delay_ms' from 0 to "
                    + "\(maxDelayMilliseconds), not '\(written)'"
            )
        }
        return Int64(milliseconds) * 1_000_000
    }
}
