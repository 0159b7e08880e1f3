internal import ApusCore
internal import ApusEngine
internal import ApusScheduling

/// Brings together a model's sequence tensors, as the configuration has them, and what the model file says.
struct SequenceAgreement {
    /// The model as clients see it: without what the server fills and keeps.
    let visible: ModelSignature
    private let plan: SequencePlan
    private let signature: ModelSignature

    /// Looks for controls and states in a model.
    ///
    /// - Parameters:
    ///   - plan: What the configuration says.
    ///   - signature: What the model file says.
    ///   - written: Outputs that the configuration lists: those clients see, states or not.
    ///   - place: The configuration's file, for messages.
    /// - Throws: `invalidConfiguration` that names the tensor and both opinions.
    init(_ plan: SequencePlan, signature: ModelSignature, written: [String], place: String) throws(ModelError) {
        for input in plan.inputs {
            try SequenceAgreement.check(input, in: signature.inputs, kind: "input", place: place)
        }
        for output in plan.outputs {
            try SequenceAgreement.check(output, in: signature.outputs, kind: "output", place: place)
        }
        self.plan = plan
        self.signature = signature
        self.visible = ModelSignature(
            inputs: signature.inputs.filter { input in !plan.inputs.contains { $0.name == input.name } },
            outputs: signature.outputs.filter { output in
                written.contains(output.name) || !plan.outputs.contains { $0.name == output.name }
            },
            unservedOutputs: signature.unservedOutputs,
            hasDataDependentCost: signature.hasDataDependentCost,
            warnings: signature.warnings
        )
    }

    /// The model as its scheduler sees it.
    func describe(_ outer: ModelDescription) -> ModelDescription {
        ModelDescription(
            id: outer.id,
            platform: outer.platform,
            inputs: signature.inputs.map { input in outer.inputs.first { $0.name == input.name } ?? input },
            outputs: served(outer).map { index in
                let output = signature.outputs[index]
                return outer.outputs.first { $0.name == output.name } ?? output
            },
            unservedOutputs: outer.unservedOutputs,
            maxBatchSize: outer.maxBatchSize
        )
    }

    /// Has the scheduler's tensors found in the session.
    func adapt(_ configuration: inout Scheduler.Configuration, outer: ModelDescription) {
        let inner = describe(outer)
        configuration.sessionOutputs = served(outer)
        configuration.inputShapes = configuration.inputShapes.map { shapes in
            inner.inputs.map { input in
                outer.inputs.firstIndex { $0.name == input.name }.flatMap { shapes[$0] }
            }
        }
        configuration.outputShapes = configuration.outputShapes.map { shapes in
            inner.outputs.map { output in
                outer.outputs.firstIndex { $0.name == output.name }.flatMap { shapes[$0] }
            }
        }
    }

    /// The session's outputs that the scheduler asks for: the client's and the states.
    private func served(_ outer: ModelDescription) -> [Int] {
        signature.outputs.indices.filter { index in
            let name = signature.outputs[index].name
            return outer.outputs.contains { $0.name == name } || plan.outputs.contains { $0.name == name }
        }
    }

    private static func check(
        _ wish: TensorSpecification,
        in tensors: [TensorSpecification],
        kind: String,
        place: String
    ) throws(ModelError) {
        guard let tensor = tensors.first(where: { $0.name == wish.name }) else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): sequence_batching names the \(kind) '\(wish.name)', but the model does not have it; it has "
                    + tensors.map(\.name).joined(separator: ", ")
            )
        }
        guard tensor.dataType == wish.dataType else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): sequence_batching says that \(kind) '\(wish.name)' is \(wish.dataType.rawValue), but in the "
                    + "model it is \(tensor.dataType.rawValue)"
            )
        }
        let fits =
            tensor.shape.count == wish.shape.count
            && zip(wish.shape, tensor.shape).allSatisfy { $0 == $1 || $1 == -1 || $0 == -1 }
        guard fits else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): sequence_batching gives \(kind) '\(wish.name)' the shape \(wish.shape), but in the model it "
                    + "has \(tensor.shape) (with the batch dimension, if there is one)"
            )
        }
    }
}
