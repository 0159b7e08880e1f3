internal import ApusCore

/// Holds the models of an ensemble against each other: types, shapes, batch sizes, inputs left open.
struct EnsembleValidator {
    /// One place where a tensor of the ensemble is given or taken.
    private struct Endpoint {
        /// Who gives or takes it, for messages.
        let owner: String

        /// The type it has there.
        let dataType: ConfiguredDataType

        /// The shape it has there, without the batch.
        let dims: [Int64]

        /// The shape it has there, with the batch if there is one.
        let fullDims: [Int64]
    }

    /// The ensemble.
    private let ensemble: ModelConfiguration

    /// Where the ensemble stands in its file.
    private let position: TextPosition?

    /// The first place where each tensor was seen.
    private var endpoints: [String: Endpoint] = [:]

    /// What is wrong.
    private(set) var faults: [ModelConfigurationError] = []

    /// Starts with the ensemble's own inputs and outputs.
    init(ensemble: ModelConfiguration) {
        self.ensemble = ensemble
        position = ensemble.message.position(of: "ensemble_scheduling")
        for input in ensemble.inputs {
            connect(input.name, input.dataType, input.dims, of: ensemble, "the ensemble's input")
        }
        for output in ensemble.outputs {
            connect(output.name, output.dataType, output.dims, of: ensemble, "the ensemble's output")
        }
    }

    /// Checks every step whose model is known.
    mutating func check(configuration: (ModelConfiguration.EnsembleScheduling.Step) -> ModelConfiguration?) {
        for step in ensemble.ensembleScheduling?.steps ?? [] {
            guard let model = configuration(step) else { continue }
            checkBatchSize(of: model, step)
            checkInputs(of: model, step)
            checkOutputs(of: model, step)
        }
    }

    /// A model that batches must take the ensemble's batches; one that does not gets the batch as a dimension.
    private mutating func checkBatchSize(
        of model: ModelConfiguration,
        _ step: ModelConfiguration.EnsembleScheduling.Step
    ) {
        guard model.maxBatchSize > 0, model.maxBatchSize < ensemble.maxBatchSize else { return }
        report(
            "the ensemble's 'max_batch_size' is \(ensemble.maxBatchSize), but model \(step.modelName.quotedExcerpt) "
                + "takes at most \(model.maxBatchSize); lower the one or raise the other"
        )
    }

    /// Every input that a model needs must be mapped, and every mapped one must exist.
    private mutating func checkInputs(
        of model: ModelConfiguration,
        _ step: ModelConfiguration.EnsembleScheduling.Step
    ) {
        for input in model.inputs {
            if let tensor = step.inputMap[input.name] {
                let owner = "input \(input.name.quotedExcerpt) of model \(step.modelName.quotedExcerpt)"
                connect(tensor, input.dataType, input.dims, of: model, owner)
            } else if !input.isOptional {
                report(
                    "the step for model \(step.modelName.quotedExcerpt) maps nothing to its input "
                        + "\(input.name.quotedExcerpt); add it to 'input_map'"
                )
            }
        }
        checkNames(step.inputMap.keys.sorted(), known: model.inputs.map(\.name), "input", step)
    }

    /// Every mapped output must exist; the others are dropped.
    private mutating func checkOutputs(
        of model: ModelConfiguration,
        _ step: ModelConfiguration.EnsembleScheduling.Step
    ) {
        for output in model.outputs {
            guard let tensor = step.outputMap[output.name] else { continue }
            let owner = "output \(output.name.quotedExcerpt) of model \(step.modelName.quotedExcerpt)"
            connect(tensor, output.dataType, output.dims, of: model, owner)
        }
        checkNames(step.outputMap.keys.sorted(), known: model.outputs.map(\.name), "output", step)
    }

    /// Reports names that a model does not have.
    private mutating func checkNames(
        _ names: [String],
        known: [String],
        _ field: String,
        _ step: ModelConfiguration.EnsembleScheduling.Step
    ) {
        let knownNames = Set(known)
        for name in names where !knownNames.contains(name) {
            let advice = known.nearest(to: name).map { "did you mean \($0.quotedExcerpt)?" }
            report(
                "model \(step.modelName.quotedExcerpt) has no \(field) \(name.quotedExcerpt); "
                    + (advice ?? "correct '\(field)_map'")
            )
        }
    }

    /// Holds one use of a tensor against the first.
    private mutating func connect(
        _ tensor: String,
        _ dataType: ConfiguredDataType,
        _ dims: [Int64],
        of model: ModelConfiguration,
        _ owner: String
    ) {
        let endpoint = Endpoint(
            owner: owner,
            dataType: dataType,
            dims: dims,
            fullDims: model.maxBatchSize > 0 ? [-1] + dims : dims
        )
        guard let first = endpoints[tensor] else {
            endpoints[tensor] = endpoint
            return
        }
        if first.dataType != dataType {
            report(
                "tensor \(tensor.quotedExcerpt) is \(first.dataType.configurationName) as \(first.owner), "
                    + "but \(dataType.configurationName) as \(owner); both must have the same type"
            )
        }
        // The full shapes count, so that a model without batching can stand next to one with it.
        guard first.fullDims.fits(endpoint.fullDims) else {
            report(
                "tensor \(tensor.quotedExcerpt) has the shape \(first.dims.prefix(32)) as \(first.owner), "
                    + "but \(dims.prefix(32)) as \(owner); both must have the same shape, where -1 fits any size"
            )
            return
        }
        narrow(tensor, first, by: endpoint)
    }

    /// A size that one use fixes is fixed for those that follow.
    private mutating func narrow(_ tensor: String, _ first: Endpoint, by next: Endpoint) {
        let narrowed = zip(first.fullDims, next.fullDims).map { $0 == -1 ? $1 : $0 }
        guard narrowed != first.fullDims else { return }
        let isNext = narrowed == next.fullDims
        endpoints[tensor] = Endpoint(
            owner: isNext ? next.owner : "\(first.owner) and \(next.owner)",
            dataType: first.dataType,
            dims: isNext ? next.dims : narrowed,
            fullDims: narrowed
        )
    }

    /// Records a fault.
    private mutating func report(_ text: String) {
        guard faults.count < ModelConfigurationValidator.maximumFaults else { return }
        faults.append(ModelConfigurationError(.invalidValue, at: position, text))
    }
}

extension [Int64] {
    /// Whether two shapes can be the same, where -1 fits any size.
    fileprivate func fits(_ other: [Int64]) -> Bool {
        count == other.count && zip(self, other).allSatisfy { $0 == $1 || $0 == -1 || $1 == -1 }
    }
}
