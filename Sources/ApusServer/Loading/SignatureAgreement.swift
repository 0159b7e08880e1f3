internal import ApusCore
internal import ApusEngine
internal import ApusProtocol

/// Brings together what the user wrote of a model's tensors and what the model file says.
struct SignatureAgreement {
    let inputs: [TensorSpecification]
    let outputs: [TensorSpecification]
    /// For each output served its index in the session; `nil` when they are the same.
    let sessionOutputs: [Int]?

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
            inputs.append(try SignatureAgreement.agree(wish, with: specification, kind: "input", place: place))
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
            outputs.append(try SignatureAgreement.agree(wish, with: specification, kind: "output", place: place))
            indices.append(index)
        }
        self.inputs = inputs
        self.outputs = outputs
        self.sessionOutputs = indices == Array(signature.outputs.indices) ? nil : indices
    }

    /// The narrower of two opinions on a tensor.
    private static func agree(
        _ wish: TensorSpecification,
        with model: TensorSpecification,
        kind: String,
        place: String
    ) throws(ModelError) -> TensorSpecification {
        guard wish.dataType == model.dataType else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): \(kind) '\(model.name)' is \(model.dataType.rawValue) in the model, but the configuration "
                    + "says \(wish.dataType.rawValue)"
            )
        }
        let fits =
            wish.shape.count == model.shape.count
            && zip(wish.shape, model.shape).allSatisfy { $0 == $1 || $1 == -1 || $0 == -1 }
        guard fits else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): \(kind) '\(model.name)' has the shape \(text(model.shape)) in the model, but the "
                    + "configuration says \(text(wish.shape)) (with the batch dimension, if there is one)"
            )
        }
        return TensorSpecification(
            name: model.name,
            dataType: model.dataType,
            shape: zip(wish.shape, model.shape).map { $0 == -1 ? $1 : $0 },
            isOptional: model.isOptional
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

    private static func text(_ shape: [Int]) -> String {
        "[\(shape.map(String.init).joined(separator: ","))]"
    }
}
