internal import ApusCore
internal import ApusModels
internal import ApusProtocol

extension ModelPlan {
    /// Why a configuration with these faults is refused; `nil` when there are none.
    ///
    /// A fault without a place stands in what `apus.yaml` made of the configuration.
    static func refusal(
        of faults: [ModelConfigurationError],
        settings: ModelSettings,
        place: String,
        settingsPlace: String
    ) -> ModelError? {
        guard !faults.isEmpty else { return nil }
        let words = faults.map { fault in
            fault.line == nil && settings.ensemble != nil
                ? "\(settingsPlace): ensemble: \(fault)"
                : "\(place):\(fault)"
        }
        return ModelError(.invalidConfiguration, words.joined(separator: "; "), cause: faults.first)
    }

    /// The models that an ensemble asks, each once; none for other models.
    ///
    /// - Throws: `invalidConfiguration` for a name that no model can have, and for too many steps.
    static func dependencies(
        of configuration: ModelConfiguration,
        place: String
    ) throws(ModelError) -> [ModelName] {
        let steps = configuration.ensembleScheduling?.steps ?? []
        guard steps.count <= EnsembleLoader.maxSteps else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): the ensemble has \(steps.count) steps; at most \(EnsembleLoader.maxSteps) are run"
            )
        }
        var names: [ModelName] = []
        for step in steps {
            guard let name = ModelName(step.modelName) else {
                throw ModelError(
                    .invalidConfiguration,
                    "\(place): an ensemble's step asks a model whose name can't be one: only A-Z, a-z, 0-9, '.', '_' and "
                        + "'-' may stand in it"
                )
            }
            if !names.contains(name) { names.append(name) }
        }
        return names
    }
}
