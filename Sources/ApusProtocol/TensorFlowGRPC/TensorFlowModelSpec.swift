package import ApusCore

/// Which model a request of TensorFlow Serving's means: its `ModelSpec`.
package struct TensorFlowModelSpec: Sendable, Hashable {
    /// Which of the model's versions.
    package enum Choice: Sendable, Hashable {
        /// The one that the server picks.
        case newest
        case number(Int64)
        case label(String)
    }

    /// The model's name, not yet checked.
    package private(set) var name = ""
    /// The version, not yet checked.
    package private(set) var choice = Choice.newest
    /// The signature's name; empty for the default one.
    package private(set) var signatureName = ""
    /// Whether the request has such a message.
    package private(set) var isPresent = false

    /// The message that isn't there.
    init() {}

    /// Reads the message that lies at `range`; a second one adds to the first.
    mutating func read(_ range: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) {
        isPresent = true
        var reader = ProtobufReader(range)
        while let field = try reader.nextBytes(in: bytes) {
            switch field.number {
            case 1: name = try bytes.text(at: field.range)
            case 2: try readNumber(field.range, in: bytes)
            case 3: signatureName = try bytes.text(at: field.range)
            case 4: choice = .label(try bytes.text(at: field.range))
            default: continue
            }
        }
    }

    /// Reads a `google.protobuf.Int64Value`.
    private mutating func readNumber(_ range: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) {
        var number: Int64 = 0
        if case .number(let before) = choice { number = before }
        var reader = ProtobufReader(range)
        while let field = try reader.nextField(in: bytes) {
            if field.number == 1, field.wire == .varint {
                number = Int64(bitPattern: try reader.readVarint(in: bytes))
            } else {
                try reader.skip(field, in: bytes)
            }
        }
        choice = .number(number)
    }
}

extension TensorFlowModelSpec {
    /// The model and the version that it names.
    ///
    /// - Throws: `invalidArgument` without a name, or for one or a label that no model can have; `notFound` for a version
    ///   below 1.
    package func selector() throws(InferenceError) -> ModelSelector {
        guard isPresent else {
            throw InferenceError(
                .invalidArgument,
                "Missing ModelSpec",
                field: "model_spec",
                expected: "a ModelSpec with the model's name"
            )
        }
        guard !name.isEmpty else {
            throw InferenceError(
                .invalidArgument,
                "ModelSpec has no name specified.",
                field: "model_spec.name",
                expected: "the model's name"
            )
        }
        guard let modelName = ModelName(name) else { throw .illegalModelName(field: "model_spec.name") }
        switch choice {
        case .newest: return ModelSelector(name: modelName)
        case .number(let number):
            guard let version = ModelVersion(number) else {
                throw InferenceError(
                    .notFound,
                    "Servable not found for request: Specific(\(modelName), \(number))",
                    field: "model_spec.version",
                    expected: "a version from 1 on",
                    got: String(number)
                )
            }
            return ModelSelector(name: modelName, version: .exact(version))
        case .label(let text):
            guard let label = VersionLabel(text) else {
                throw .unknownTensorFlowLabel(String(text.prefix(TensorFlowModelSpec.maxQuoted)))
            }
            return ModelSelector(name: modelName, version: .label(label))
        }
    }

    /// Checks that the signature is the one that models have.
    ///
    /// - Throws: `failedPrecondition` for another.
    package func checkSignature() throws(InferenceError) {
        guard !TensorFlowSignature.isServed(signatureName) else { return }
        let name = signatureName.prefix(TensorFlowModelSpec.maxQuoted)
        throw InferenceError(
            .failedPrecondition,
            "Serving signature key \"\(name)\" not found.",
            field: "model_spec.signature_name",
            expected: "'\(TensorFlowSignature.name)', or none",
            got: String(name)
        )
    }

    /// The most characters of a client's own text that an error quotes.
    static let maxQuoted = 200
}
