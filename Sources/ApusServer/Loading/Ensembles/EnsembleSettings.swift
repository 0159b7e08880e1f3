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
    /// Names of the inputs, in their order.
    let inputs: [String]
    /// Names of the outputs, in their order.
    let outputs: [String]
    /// Whether `inputs` or `outputs` are written, and don't follow from the steps.
    let namesEnds: Bool

    /// Reads what is written.
    init(_ written: SettingsMapping, faults: inout [ConfigurationFault]) {
        maxBatchSize = written.integer("max_batch_size", in: 0...Int(Int32.max), faults: &faults)
        let inputs = written.list("inputs", faults: &faults)
        let outputs = written.list("outputs", faults: &faults)
        let known = ["model", "version", "inputs", "outputs"]
        let mappings = written.mappings("steps", known: known, faults: &faults) ?? []
        if mappings.isEmpty, faults.isEmpty {
            written.refuse("steps", "expected a list of steps, each with model, inputs and outputs", faults: &faults)
        }
        var steps: [ModelConfiguration.EnsembleScheduling.Step] = []
        var ends = OpenEnds()
        for mapping in mappings { steps.append(EnsembleSettings.step(mapping, &ends, faults: &faults)) }
        self.steps = steps
        self.inputs = inputs ?? ends.inputs
        self.outputs = outputs ?? ends.outputs
        self.namesEnds = inputs != nil || outputs != nil
    }

    /// Tensors in the order of the file, those that steps need and those that they give.
    private struct OpenEnds {
        var consumed: [String] = []
        var produced: [String] = []

        /// What no step gives, each once.
        var inputs: [String] {
            var known = Set(produced)
            return consumed.filter { known.insert($0).inserted }
        }

        /// What no step needs, each once.
        var outputs: [String] {
            var known = Set(consumed)
            return produced.filter { known.insert($0).inserted }
        }
    }

    private static func step(
        _ written: SettingsMapping,
        _ ends: inout OpenEnds,
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
        let inputs = written.pairs("inputs", faults: &faults) ?? []
        let outputs = written.pairs("outputs", faults: &faults) ?? []
        ends.consumed += inputs.map(\.1)
        ends.produced += outputs.map(\.1)
        return ModelConfiguration.EnsembleScheduling.Step(
            modelName: model ?? "",
            modelVersion: written.integer("version", in: 1...Int.max, faults: &faults).map(Int64.init),
            inputMap: Dictionary(inputs, uniquingKeysWith: { $1 }),
            outputMap: Dictionary(outputs, uniquingKeysWith: { $1 })
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
        if written.inputs.isEmpty { builder.setInputNames(inputs) }
        if written.outputs.isEmpty { builder.setOutputNames(outputs) }
        return builder.makeConfiguration()
    }

    private func refuseConflicts(with written: ModelConfiguration, place: String) throws(ModelError) {
        let conflict: String? =
            if written.ensembleScheduling != nil {
                "config.pbtxt has ensemble_scheduling too; write the steps in one of the two"
            } else if !written.backend.isEmpty || !["", "ensemble"].contains(written.platform) {
                "config.pbtxt names an engine, and an ensemble has none; remove backend and platform there"
            } else if written.dynamicBatching != nil || written.isSequenceBatching {
                "config.pbtxt says how requests are joined, and an ensemble's models do that; write it in theirs"
            } else if let maxBatchSize, written.message.isSet("max_batch_size"), written.maxBatchSize != maxBatchSize {
                "max_batch_size is \(maxBatchSize), but \(written.maxBatchSize) in config.pbtxt; write it in one of the two"
            } else if namesEnds, !(written.inputs.isEmpty && written.outputs.isEmpty) {
                "config.pbtxt has inputs and outputs too; write them in one of the two"
            } else {
                nil
            }
        guard let conflict else { return }
        throw ModelError(.invalidConfiguration, "\(place): ensemble: \(conflict)")
    }
}
