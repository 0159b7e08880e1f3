internal import ApusCore
internal import ApusEngine

/// Checks that a configuration describes a model whose outputs can be its inputs.
struct IdentityRule {
    private let options: SessionOptions

    /// Checks one model's configuration.
    init(_ options: SessionOptions) {
        self.options = options
    }

    /// Names the first fault.
    func check() throws(EngineError) {
        let inputs = options.configuredInputs
        let outputs = options.configuredOutputs
        guard !inputs.isEmpty else { throw invalid("has no inputs in its configuration") }
        guard inputs.count == outputs.count else {
            throw invalid("has \(inputs.count) inputs and \(outputs.count) outputs; it needs as many of both")
        }
        for (input, output) in zip(inputs, outputs) { try check(input, output) }
    }

    /// Compares an input with the output that takes its place.
    private func check(_ input: TensorSpecification, _ output: TensorSpecification) throws(EngineError) {
        let pair = "gives its input '\(input.name)' back as '\(output.name)', but"
        guard input.dataType == output.dataType else {
            throw invalid("\(pair) one is \(input.dataType.rawValue) and the other \(output.dataType.rawValue)")
        }
        let isFitting =
            input.shape.count == output.shape.count
            && zip(input.shape, output.shape).allSatisfy { $0 == $1 || $0 == -1 || $1 == -1 }
        guard isFitting else { throw invalid("\(pair) one has the shape \(input.shape) and the other \(output.shape)") }
    }

    /// The error for a configuration that can't be served.
    private func invalid(_ reason: String) -> EngineError {
        EngineError(.invalidModel, "built-in model '\(options.modelName)' \(reason)")
    }
}
