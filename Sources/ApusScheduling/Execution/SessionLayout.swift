internal import ApusCore
internal import ApusEngine

/// Where what clients see of a model differs from the engine's session: outputs left out, shapes translated.
struct SessionLayout: Sendable {
    private let outputs: [Int]?
    private let inputShapes: [ShapeTranslation?]?
    private let outputShapes: [ShapeTranslation?]?

    init(_ configuration: Scheduler.Configuration) {
        self.outputs = configuration.sessionOutputs
        self.inputShapes = configuration.inputShapes
        self.outputShapes = configuration.outputShapes
    }

    /// Whether clients see other shapes than the session.
    var translatesShapes: Bool { inputShapes != nil || outputShapes != nil }

    /// Inputs in the session's shapes.
    func sessionInputs(_ inputs: [Tensor?]) throws(EngineError) -> [Tensor?] {
        guard let inputShapes else { return inputs }
        var translated: [Tensor?] = []
        for (input, translation) in zip(inputs, inputShapes) {
            translated.append(try apply(translation, to: input))
        }
        return translated
    }

    /// The session's indices of outputs.
    func sessionOutputs(_ indices: [Int]) -> [Int] {
        guard let outputs else { return indices }
        return indices.map { outputs[$0] }
    }

    /// An output in the shape that clients see.
    func output(_ tensor: Tensor, index: Int) throws(EngineError) -> Tensor {
        guard let outputShapes else { return tensor }
        return try apply(outputShapes[index], to: tensor) ?? tensor
    }

    private func apply(_ translation: ShapeTranslation?, to tensor: Tensor?) throws(EngineError) -> Tensor? {
        guard let translation, let tensor else { return tensor }
        guard let translated = translation.translate(tensor) else {
            throw EngineError(
                .invalidInput,
                "the shape \(tensor.shape) doesn't fit the reshape of the model's configuration"
            )
        }
        return translated
    }
}
