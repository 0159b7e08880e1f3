internal import ApusCore
internal import ApusModels
internal import ApusProtocol
internal import ApusScheduling

/// Makes an ensemble of models that are live.
struct EnsembleLoader {
    /// More steps than this are a slip of the pen.
    static let maxSteps = 256

    /// Where its members are found.
    let models: any InferenceService
    let time: any TimeSource
    /// Who pays for tensors between steps.
    let budget: ByteBudget?

    /// Puts an ensemble together and compares it with its members.
    ///
    /// - Throws: `dependencyFailed` for a member that isn't live, `invalidConfiguration` for what doesn't fit together.
    func load(_ id: ModelID, plan: ModelPlan) throws(ModelError) -> EnsembleFront {
        let began = time.now
        let isInSettings = plan.settings.ensemble != nil
        let place = isInSettings ? plan.settingsPlace : plan.place
        let steps = plan.configuration.ensembleScheduling?.steps ?? []
        let written = try steps.indices.map { index throws(ModelError) in try step(index, of: steps, place: place) }
        var members: [ModelDescription] = []
        for index in written.indices { members.append(try member(index, written[index].model, place: place)) }
        let extent = EnsembleLimits.extent(of: members.map(\.ensemble))
        guard EnsembleLimits.allows(extent) else { throw tooLarge(extent, place: place) }
        try refuseWhatIsTheMembers(plan, place: place)
        let tensors = EnsembleTensors(plan.configuration, members: members, place: place)
        let configuration = try tensors.complete(plan.configuration, name: id.name)
        try validate(configuration, steps: steps, members: members, plan: plan, name: id.name)
        let shapes = ConfiguredTensors(configuration, hasBatch: configuration.maxBatchSize > 0)
        let inputs = try shapes.inputs(place: place)
        let description = ModelDescription(
            id: id,
            platform: "ensemble",
            inputs: inputs,
            outputs: try shapes.outputs(place: place),
            maxBatchSize: configuration.maxBatchSize,
            ensemble: extent,
            labels: plan.labels,
            configurationJSON: configuration.jsonBytes(),
            image: try ImagePlan.input(plan.settings.image, inputs: inputs)
        )
        guard let graph = EnsemblePlan(inputs: shapes.inputNames, outputs: shapes.outputNames, steps: written) else {
            throw ModelError(.invalidConfiguration, "\(place): the steps of the ensemble don't come to an end")
        }
        var front = EnsembleFront.Configuration()
        front.loadNanoseconds = time.now.nanoseconds(since: began)
        front.budget = budget
        return EnsembleFront(description: description, plan: graph, models: models, time: time, configuration: front)
    }

    private func step(
        _ index: Int,
        of steps: [ModelConfiguration.EnsembleScheduling.Step],
        place: String
    ) throws(ModelError) -> EnsemblePlan.WrittenStep {
        let step = steps[index]
        guard let name = ModelName(step.modelName) else {
            throw ModelError(.invalidConfiguration, "\(place): step \(index + 1) names no model")
        }
        var version = ModelSelector.Version.latest
        if let number = step.modelVersion, let exact = ModelVersion(number) { version = .exact(exact) }
        return EnsemblePlan.WrittenStep(
            model: ModelSelector(name: name, version: version),
            inputs: step.inputMap,
            outputs: step.outputMap
        )
    }

    /// What a step's model says of itself.
    private func member(
        _ index: Int,
        _ selector: ModelSelector,
        place: String
    ) throws(ModelError) -> ModelDescription {
        let description: ModelDescription
        do throws(InferenceError) {
            description = try models.lease(selector).model.description
        } catch {
            let reason = error.hint.isEmpty ? error.message : "\(error.message) (\(error.hint))"
            throw ModelError(
                .dependencyFailed,
                "\(place): step \(index + 1) needs model '\(selector.name)': \(reason)",
                cause: error
            )
        }
        guard !description.isDecoupled else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): step \(index + 1) asks model '\(selector.name)', which is decoupled: it may give any number of "
                    + "answers, and a step of an ensemble takes exactly one; leave it out"
            )
        }
        return description
    }

    /// Refuses an ensemble whose members don't fit together.
    private func validate(
        _ configuration: ModelConfiguration,
        steps: [ModelConfiguration.EnsembleScheduling.Step],
        members: [ModelDescription],
        plan: ModelPlan,
        name: ModelName
    ) throws(ModelError) {
        var models: [ModelConfiguration] = []
        do throws(ModelConfigurationError) {
            for member in members { models.append(try ModelConfiguration(member)) }
        } catch {
            throw ModelError(.invalidConfiguration, "\(name): \(error)", cause: error)
        }
        let faults = configuration.validateEnsembleSteps { step in
            steps.firstIndex(of: step).map { models[$0] }
        }
        let refusal = ModelPlan.refusal(
            of: faults,
            settings: plan.settings,
            place: plan.place,
            settingsPlace: plan.settingsPlace
        )
        if let refusal { throw refusal }
    }

    /// Refuses what an ensemble can't have of its own and nobody would act on.
    private func refuseWhatIsTheMembers(_ plan: ModelPlan, place: String) throws(ModelError) {
        let configuration = plan.configuration
        let reshaped =
            configuration.inputs.first { $0.reshape != nil }?.name
            ?? configuration.outputs.first { $0.reshape != nil }?.name
        let fault: String? =
            if let reshaped {
                "'\(reshaped)' has a reshape, but an ensemble's tensors are its models'; write it there"
            } else if configuration.isDecoupled {
                "model_transaction_policy says decoupled, but an ensemble gives exactly one answer; remove it"
            } else if plan.settings.scheduling != ModelSettings.Scheduling() {
                "apus.yaml has scheduling, but an ensemble's requests wait in its models' queues; write it there"
            } else {
                nil
            }
        if let fault { throw ModelError(.invalidConfiguration, "\(place): \(fault)") }
    }

    private func tooLarge(_ extent: EnsembleExtent, place: String) -> ModelError {
        ModelError(
            .invalidConfiguration,
            "\(place): a request would go through \(extent.depth) ensembles within each other and make "
                + "\(extent.requests) requests to other models; at most \(EnsembleLimits.depth) and "
                + "\(EnsembleLimits.requests) are made"
        )
    }
}
