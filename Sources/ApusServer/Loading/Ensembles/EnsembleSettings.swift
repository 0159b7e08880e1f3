internal import ApusCore
internal import ApusProtocol

/// An ensemble as `apus.yaml` writes it.
///
/// ```yaml
/// ensemble:
///   steps:
///     - model: preprocess
///       inputs: { image: photo }        # the model's input: the ensemble's tensor
///       outputs: { pixels: scaled }
///     - model: classifier
///       version: 2                      # without it the newest
///       inputs: { x: scaled }
///       outputs: { label: label }
/// ```
///
/// What no step produces is an input, what no step needs is an output, unless `inputs` or `outputs` name them; their types
/// and shapes are those of the models.
struct EnsembleSettings: Sendable, Equatable {
    /// The names that may stand in it.
    static let keys = ["steps", "max_batch_size", "inputs", "outputs"]

    /// The steps, in the order of the file.
    let steps: [ModelConfiguration.EnsembleScheduling.Step]
    /// The largest batch; `nil` when it isn't written.
    let maxBatchSize: Int?
    /// Names of the inputs, in their order; `nil` when they follow from the steps.
    let inputs: [String]?
    /// Names of the outputs, in their order; `nil` when they follow from the steps.
    let outputs: [String]?

    /// Reads what is written.
    init(_ written: SettingsMapping, faults: inout [ConfigurationFault]) {
        maxBatchSize = written.integer("max_batch_size", in: 0...Int(Int32.max), faults: &faults)
        inputs = written.list("inputs", faults: &faults)
        outputs = written.list("outputs", faults: &faults)
        let known = ["model", "version", "inputs", "outputs"]
        let mappings = written.mappings("steps", known: known, faults: &faults) ?? []
        if mappings.isEmpty, faults.isEmpty {
            written.refuse("steps", "expected a list of steps, each with model, inputs and outputs", faults: &faults)
        }
        var steps: [ModelConfiguration.EnsembleScheduling.Step] = []
        for mapping in mappings { steps.append(EnsembleSettings.step(mapping, faults: &faults)) }
        self.steps = steps
    }

    private static func step(
        _ written: SettingsMapping,
        faults: inout [ConfigurationFault]
    ) -> ModelConfiguration.EnsembleScheduling.Step {
        let model = written.text("model", faults: &faults)
        if !written.has("model") {
            written.refuse("model", "expected the name of the model to ask", faults: &faults)
        } else if let model, ModelName(model) == nil {
            written.refuse("model", "'\(model.prefix(48))' can't be a model's name", faults: &faults)
        }
        for name in ["inputs", "outputs"] where !written.has(name) {
            written.refuse(name, "expected the model's \(name) and the tensors that belong to them", faults: &faults)
        }
        return ModelConfiguration.EnsembleScheduling.Step(
            modelName: model ?? "",
            modelVersion: written.integer("version", in: 1...Int.max, faults: &faults).map(Int64.init),
            inputMap: written.texts("inputs", faults: &faults) ?? [:],
            outputMap: written.texts("outputs", faults: &faults) ?? [:]
        )
    }
}

extension EnsembleSettings {
    /// The configuration that says the same, on top of what `config.pbtxt` says.
    ///
    /// - Throws: `invalidConfiguration` when both say different things.
    func complete(_ written: ModelConfiguration, place: String) throws(ModelError) -> ModelConfiguration {
        try refuseConflicts(with: written, place: place)
        var builder = ModelConfigurationBuilder(written)
        builder.setEnsemble(steps)
        do throws(ModelConfigurationError) {
            if let maxBatchSize { try builder.setMaxBatchSize(maxBatchSize) }
        } catch {
            throw ModelError(.invalidConfiguration, "\(place): \(error)", cause: error)
        }
        if written.inputs.isEmpty { builder.setInputNames(inputs ?? openEnds.inputs) }
        if written.outputs.isEmpty { builder.setOutputNames(outputs ?? openEnds.outputs) }
        return builder.makeConfiguration()
    }

    private func refuseConflicts(with written: ModelConfiguration, place: String) throws(ModelError) {
        let conflict: String? =
            if written.ensembleScheduling != nil {
                "config.pbtxt has ensemble_scheduling too; write the steps in one of the two"
            } else if !written.backend.isEmpty || !["", "ensemble"].contains(written.platform) {
                "config.pbtxt names an engine, and an ensemble has none; remove backend and platform there"
            } else if let maxBatchSize, written.message.isSet("max_batch_size"), written.maxBatchSize != maxBatchSize {
                "max_batch_size is \(maxBatchSize), but \(written.maxBatchSize) in config.pbtxt; write it in one of the two"
            } else if !written.inputs.isEmpty && inputs != nil || !written.outputs.isEmpty && outputs != nil {
                "config.pbtxt has inputs and outputs too; write them in one of the two"
            } else {
                nil
            }
        guard let conflict else { return }
        throw ModelError(.invalidConfiguration, "\(place): ensemble: \(conflict)")
    }

    /// Tensors that only one side of the steps knows: those that no step produces, and those that no step needs.
    private var openEnds: (inputs: [String], outputs: [String]) {
        var inputs: [String] = []
        var outputs: [String] = []
        let produced = Set(steps.flatMap(\.outputMap.values))
        let consumed = Set(steps.flatMap(\.inputMap.values))
        for step in steps {
            for (_, tensor) in step.inputMap.sorted(by: { $0.key < $1.key }) where !produced.contains(tensor) {
                if !inputs.contains(tensor) { inputs.append(tensor) }
            }
            for (_, tensor) in step.outputMap.sorted(by: { $0.key < $1.key }) where !consumed.contains(tensor) {
                if !outputs.contains(tensor) { outputs.append(tensor) }
            }
        }
        return (inputs, outputs)
    }
}
