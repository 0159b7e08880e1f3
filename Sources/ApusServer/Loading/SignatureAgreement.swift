internal import ApusCore
internal import ApusEngine
internal import ApusProtocol
internal import ApusScheduling

/// Brings together what the user wrote of a model's tensors and what the model file says.
struct SignatureAgreement {
    let inputs: [TensorSpecification]
    let outputs: [TensorSpecification]
    /// For each output served its index in the session; `nil` when they are the same.
    let sessionOutputs: [Int]?
    /// For each input its translation into the session's shape; `nil` when none differs.
    let inputShapes: [ShapeTranslation?]?
    /// For each output its translation out of the session's shape; `nil` when none differs.
    let outputShapes: [ShapeTranslation?]?

    /// Compares both.
    ///
    /// - Throws: `invalidConfiguration` that names the tensor and both opinions.
    init(
        configuration: ModelConfiguration,
        signature: ModelSignature,
        place: String
    ) throws(ModelError) {
        let hasBatch = configuration.maxBatchSize > 0
        let written = ConfiguredTensors(configuration, hasBatch: hasBatch)
        var inputs: [TensorSpecification] = []
        for specification in signature.inputs {
            guard let wish = try written.input(specification.name, place: place) else {
                inputs.append(specification)
                continue
            }
            let agreed = try written.agree(wish, with: specification, kind: "input", place: place)
            inputs.append(agreed)
        }
        for name in written.inputNames where !signature.inputs.contains(where: { $0.name == name }) {
            throw SignatureAgreement.unknown(name, kind: "input", known: signature.inputs, place: place)
        }
        for name in written.outputNames where !signature.outputs.contains(where: { $0.name == name }) {
            throw SignatureAgreement.unknown(name, kind: "output", known: signature.outputs, place: place)
        }
        if hasBatch, let first = inputs.first(where: { $0.shape.first != -1 }) {
            throw ModelError(
                .invalidConfiguration,
                "\(place): max_batch_size is \(configuration.maxBatchSize), but the first dimension of input "
                    + "'\(first.name)' is not variable in the model; write max_batch_size: 0 and full dims"
            )
        }
        var outputs: [TensorSpecification] = []
        var indices: [Int] = []
        for (index, specification) in signature.outputs.enumerated() {
            guard !written.outputNames.isEmpty else {
                outputs.append(specification)
                indices.append(index)
                continue
            }
            guard let wish = try written.output(specification.name, place: place) else { continue }
            outputs.append(try written.agree(wish, with: specification, kind: "output", place: place))
            indices.append(index)
        }
        self.inputs = inputs
        self.outputs = outputs
        let inputShapes = inputs.map { input in
            written.modelShape(input.name).map { ShapeTranslation(from: input.shape, to: $0) }
        }
        let outputShapes = outputs.map { output in
            written.modelShape(output.name).map { ShapeTranslation(from: $0, to: output.shape) }
        }
        self.inputShapes = inputShapes.contains { $0 != nil } ? inputShapes : nil
        self.outputShapes = outputShapes.contains { $0 != nil } ? outputShapes : nil
        self.sessionOutputs = indices == Array(signature.outputs.indices) ? nil : indices
    }

    private static func unknown(
        _ name: String,
        kind: String,
        known: [TensorSpecification],
        place: String
    ) -> ModelError {
        ModelError(
            .invalidConfiguration,
            "\(place): the model has no \(kind) '\(name)'; it has \(known.map(\.name).joined(separator: ", "))"
        )
    }
}
