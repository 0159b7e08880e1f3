package import ApusCore

/// Where the parts of a ModelInferRequest lie, and which model it asks for; nothing of its tensors has been read.
package struct V2MessageOutline: Sendable {
    /// `model_name`, not yet checked.
    package private(set) var modelName = ""
    /// `model_version`, not yet checked; empty for the one that the server picks.
    package private(set) var modelVersion = ""
    /// The caller's name for the request; empty when none was sent.
    package private(set) var id = ""
    /// The entries of `parameters`.
    private(set) var parameters: [Range<Int>] = []
    /// The messages of `inputs`.
    private(set) var inputs: [Range<Int>] = []
    /// The messages of `outputs`.
    private(set) var outputs: [Range<Int>] = []
    /// The entries of `raw_input_contents`.
    private(set) var raw: [Range<Int>] = []

    /// The outline of nothing.
    init() {}

    /// Forgets a request and keeps the memory.
    mutating func clear() {
        modelName = ""
        modelVersion = ""
        id = ""
        parameters.removeAll(keepingCapacity: parameters.capacity <= 16)
        inputs.removeAll(keepingCapacity: inputs.capacity <= 16)
        outputs.removeAll(keepingCapacity: outputs.capacity <= 16)
        raw.removeAll(keepingCapacity: raw.capacity <= 16)
    }

    /// Reads the fields of the message itself.
    mutating func read(_ bytes: RawSpan, limits: InputLimits) throws(V2MessageFault) {
        var reader = ProtobufReader(0..<bytes.byteCount)
        do throws(ProtobufFault) {
            while let field = try reader.nextField(in: bytes) {
                guard field.wire == .bytes, field.number <= 7 else {
                    try reader.skip(field, in: bytes)
                    continue
                }
                let range = try reader.readBytes(in: bytes)
                switch field.number {
                case 1: modelName = try bytes.text(at: range)
                case 2: modelVersion = try bytes.text(at: range)
                case 3: id = try bytes.text(at: range)
                case 4: parameters.append(range)
                case 5: inputs.append(range)
                case 6: outputs.append(range)
                default: raw.append(range)
                }
                // Looked at as they come: a list may hold as many entries as the message has bytes.
                guard !isTooLong(limits) else { break }
            }
        } catch {
            throw .wire(error)
        }
        try checkLengths(limits)
    }

    private static let maxParameters = 256

    private func isTooLong(_ limits: InputLimits) -> Bool {
        parameters.count > V2MessageOutline.maxParameters || inputs.count > limits.maxTensors
            || outputs.count > limits.maxTensors || raw.count > limits.maxTensors
    }

    private func checkLengths(_ limits: InputLimits) throws(V2MessageFault) {
        guard isTooLong(limits) else { return }
        if parameters.count > V2MessageOutline.maxParameters {
            throw .request(.limit(field: "parameters", expected: "at most \(V2MessageOutline.maxParameters) entries"))
        }
        let field =
            inputs.count > limits.maxTensors
            ? "inputs" : outputs.count > limits.maxTensors ? "outputs" : "raw_input_contents"
        throw .request(.limit(field: field, expected: "at most \(limits.maxTensors) tensors"))
    }
}

extension V2MessageOutline {
    /// The model that the request asks for.
    ///
    /// - Throws: `invalidArgument` for a name or a version that no model can have.
    package func selector() throws(InferenceError) -> ModelSelector {
        try ModelSelector(messageName: modelName, version: modelVersion)
    }
}

extension ModelSelector {
    /// The model that a message names with two strings.
    ///
    /// - Throws: `invalidArgument` for a name or a version that no model can have.
    package init(messageName text: String, version: String) throws(InferenceError) {
        guard let name = ModelName(text) else { throw .illegalModelName(field: "model_name") }
        guard !version.isEmpty else {
            self.init(name: name)
            return
        }
        // Where HTTP's paths have a label, messages have one too; what is nearly a number is told what numbers are.
        let isNumber = !version.contains(where: \.isLetter)
        guard let chosen = ModelSelector.Version(parsing: version), !isNumber || ModelVersion(parsing: version) != nil
        else {
            throw InferenceError(
                .invalidArgument,
                "failed to get model version from specified version string '\(version.prefix(64))', version should be "
                    + "an integral value > 0, or a label of the model",
                field: "model_version",
                expected: "a positive integer without a leading zero, or a label of the model",
                got: String(version.prefix(64))
            )
        }
        self.init(name: name, version: chosen)
    }
}
