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
        let written = ConfiguredTensors(configuration, hasBatch: configuration.maxBatchSize > 0)
        let inputs = try SignatureAgreement.agree(on: signature.inputs, written, place: place)
        try SignatureAgreement.refuseUnknown(written, signature, place: place)
        try SignatureAgreement.checkBatch(configuration, inputs, place: place)
        let served = try SignatureAgreement.served(of: signature.outputs, written, place: place)
        let outputs = served.map(\.output)
        let indices = served.map(\.index)
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

    /// The model's inputs, as far as the user has said something of them in the user's shapes.
    private static func agree(
        on inputs: [TensorSpecification],
        _ written: ConfiguredTensors,
        place: String
    ) throws(ModelError) -> [TensorSpecification] {
        var agreed: [TensorSpecification] = []
        for input in inputs {
            guard let wish = try written.input(input.name, place: place) else {
                agreed.append(input)
                continue
            }
            agreed.append(try written.agree(wish, with: input, kind: "input", place: place))
        }
        return agreed
    }

    /// The outputs that the user wants, all when none is written, with their places in the session.
    private static func served(
        of outputs: [TensorSpecification],
        _ written: ConfiguredTensors,
        place: String
    ) throws(ModelError) -> [(index: Int, output: TensorSpecification)] {
        var served: [(index: Int, output: TensorSpecification)] = []
        for (index, output) in outputs.enumerated() {
            guard !written.outputNames.isEmpty else {
                served.append((index, output))
                continue
            }
            guard let wish = try written.output(output.name, place: place) else { continue }
            served.append((index, try written.agree(wish, with: output, kind: "output", place: place)))
        }
        return served
    }

    /// Refuses names that the model doesn't have.
    private static func refuseUnknown(
        _ written: ConfiguredTensors,
        _ signature: ModelSignature,
        place: String
    ) throws(ModelError) {
        for name in written.inputNames where !signature.inputs.contains(where: { $0.name == name }) {
            throw unknown(name, kind: "input", known: signature.inputs, place: place)
        }
        for name in written.outputNames where !signature.outputs.contains(where: { $0.name == name }) {
            throw unknown(name, kind: "output", known: signature.outputs, place: place)
        }
    }

    /// Refuses a batch dimension that the model doesn't have.
    private static func checkBatch(
        _ configuration: ModelConfiguration,
        _ inputs: [TensorSpecification],
        place: String
    ) throws(ModelError) {
        guard configuration.maxBatchSize > 0, let first = inputs.first(where: { $0.shape.first != -1 }) else { return }
        throw ModelError(
            .invalidConfiguration,
            "\(place): max_batch_size is \(configuration.maxBatchSize), but the first dimension of input "
                + "'\(first.name)' is not variable in the model; write max_batch_size: 0 and full dims"
        )
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
