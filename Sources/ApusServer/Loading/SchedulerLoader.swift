internal import ApusCore
internal import ApusEngine
internal import ApusModels
internal import ApusProtocol
internal import ApusScheduling
internal import Logging

/// Makes a scheduler of a version's folder: configuration, engine session, description.
struct SchedulerLoader: ModelLoader {
    let engines: EngineSet
    let pool: EngineThreadPool
    let time: any TimeSource
    /// Instances of a model whose configuration says nothing.
    let defaultInstances: Int
    let allowsInlineRuns: Bool
    /// Where models that ask for it have their answers remembered.
    let cache: ResponseCache
    let logger: Logger
    /// Where ensembles find their members.
    var directory = MemberDirectory()
    /// Who pays for tensors between the steps of ensembles.
    var budget: ByteBudget?

    func plan(_ folder: ModelFolder) throws(ModelError) -> VersionPlan<ModelPlan> {
        let plan = try modelPlan(folder)
        let ignored = plan.ignoredFields
        if !ignored.isEmpty {
            logger.warning(
                "The configuration has fields that are read and not acted on",
                metadata: [
                    LogKeys.model: "\(folder.name)", LogKeys.field: "\(ignored.joined(separator: ", "))",
                ]
            )
        }
        return VersionPlan(
            policy: plan.versionPolicy,
            plan: plan,
            dependencies: plan.dependencies,
            needsFiles: !plan.configuration.isEnsemble,
            labels: try VersionLabels(folder).versions
        )
    }

    /// The plan of the highest published version whose own files say one; where they are faulty, that version alone fails.
    ///
    /// - Throws: What all of them are at fault for, or that files can't be read now.
    private func modelPlan(_ folder: ModelFolder) throws(ModelError) -> ModelPlan {
        var failure: ModelError?
        for version in folder.versions.reversed() where version.manifest != nil {
            do throws(ModelError) {
                return try ModelPlan(folder.specific(to: version.version))
            } catch {
                // What may go well the next time must not have an older plan come into force.
                guard !error.mayGoWellLater else { throw error }
                logger.warning(
                    "A version's own configuration is faulty; the one below it says which versions are wanted",
                    metadata: [
                        LogKeys.model: "\(folder.name)", LogKeys.version: "\(version.version)",
                        LogKeys.reason: "\(error.message)",
                    ]
                )
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return try ModelPlan(folder)
    }

    func load(_ id: ModelID, from folder: ModelFolder, plan: ModelPlan) throws(ModelError) -> LoadedModel {
        // A published version comes with its own configuration.
        guard folder.folder(of: id.version)?.manifest != nil else { return try load(id, in: folder, plan: plan) }
        let own = folder.specific(to: id.version)
        return try load(id, in: own, plan: try ModelPlan(own))
    }

    private func load(_ id: ModelID, in folder: ModelFolder, plan: ModelPlan) throws(ModelError) -> LoadedModel {
        let began = time.now
        let settingsPlace = plan.settingsPlace
        if plan.configuration.isEnsemble {
            try PaddingPlan.refuseForEnsemble(plan.settings.scheduling, place: settingsPlace)
            let loader = EnsembleLoader(models: directory.models, time: time, budget: budget)
            let ensemble = try loader.load(id, plan: plan)
            let rules = QueueRules()
            let cached = plan.responseCache.front(before: ensemble, cache: cache, time: time, queue: rules)
            let validation = try ValidationPlan(plan.settings.validation, inputs: ensemble.description.inputs)
            return LoadedModel(validation.front(before: cached, time: time))
        }
        let place = plan.place
        let engine = try engines.engine(named: plan.engineName)
        let instances = try InstancePlan(plan.configuration, defaultCount: defaultInstances, place: place)
        let count = instances.places.reduce(0) { $0 + $1.count }
        let configured = try SequencePlan(plan.configuration, instances: count, folder: folder, place: place)
        let opening = try SessionOpening(id, folder: folder, plan: plan, sequences: configured, engine: engine)
        var placements: [Scheduler.Placement] = []
        for wanted in instances.places {
            let session = try opening.open(on: wanted.device)
            placements.append(Scheduler.Placement(session: session, device: wanted.device, count: wanted.count))
        }
        let session = placements[0].session
        let sequences = try SequencePlan.completed(configured, by: session.signature, place: place)
        let written = plan.configuration.outputs.map(\.name)
        let hidden = try sequences.map { sequences throws(ModelError) in
            try SequenceAgreement(sequences, signature: session.signature, written: written, place: place)
        }
        let agreement = try SignatureAgreement(
            configuration: plan.configuration,
            signature: hidden?.visible ?? session.signature,
            place: place
        )
        note(session.signature, id: id)
        let validation = try ValidationPlan(plan.settings.validation, inputs: agreement.inputs)
        let image = try ImagePlan.input(plan.settings.image, inputs: agreement.inputs)
        let description = try describe(
            id,
            plan: plan,
            engine: engine,
            session: session,
            agreement: agreement,
            examples: validation.examples,
            image: image
        )
        var configuration = Scheduler.Configuration(
            instances: count,
            loadNanoseconds: time.now.nanoseconds(since: began),
            allowsInlineRuns: allowsInlineRuns
        )
        let scheduling = try SchedulingPlan(plan.configuration, settings: plan.settings, place: place)
        configuration.priority = plan.priority
        configuration.onEvent = { event in log(event, id: id) }
        configuration.queue = scheduling.queue
        configuration.batching = scheduling.batching
        if instances.places.map(\.device) == [.standard] { configuration.reopen = opening.reopening }
        configuration.sessionOutputs = agreement.sessionOutputs
        configuration.inputShapes = agreement.inputShapes
        configuration.outputShapes = agreement.outputShapes
        hidden?.adapt(&configuration, outer: description)
        let scheduled = hidden?.describe(description) ?? description
        configuration.padding.entries = try PaddingPlan(
            plan.settings.scheduling,
            description: description,
            scheduled: scheduled,
            place: settingsPlace
        ).entries
        configuration.padding.budget = budget
        let scheduler: Scheduler
        do throws(EngineError) {
            scheduler = try Scheduler(
                description: scheduled,
                placements: placements,
                pool: pool,
                time: time,
                configuration: configuration
            )
        } catch {
            throw ModelError(.loadFailed, error.message, cause: error)
        }
        let samples = try WarmUpPlan(
            plan.configuration,
            hidden: sequences?.inputs ?? [],
            folder: folder,
            place: place
        ).samples()
        guard let sequences else {
            let front = plan.responseCache.front(before: scheduler, cache: cache, time: time, queue: scheduling.queue)
            return LoadedModel(validation.front(before: front, time: time), samples: samples)
        }
        let front = SequenceFront(
            description: description,
            layout: sequences.layout,
            rules: sequences.rules,
            scheduler: scheduler,
            pool: pool
        )
        return LoadedModel(validation.front(before: front, time: time), samples: samples)
    }

    func warmUp(_ model: LoadedModel, after predecessor: LoadedModel?) throws(ModelError) {
        do throws(InferenceError) {
            try model.warmUp(after: predecessor)
        } catch {
            throw ModelError(.loadFailed, error.message, cause: error)
        }
    }

    func unload(_ model: LoadedModel) {
        model.front.unload()
    }

    private func describe(
        _ id: ModelID,
        plan: ModelPlan,
        engine: any Engine,
        session: any EngineSession,
        agreement: SignatureAgreement,
        examples: [String: InputExample],
        image: ImageInput?
    ) throws(ModelError) -> ModelDescription {
        let completed: ModelConfiguration
        do throws(ModelConfigurationError) {
            completed = try CompletedConfiguration(id: id, engine: engine, hasCache: plan.responseCache.isEnabled)
                .complete(plan.configuration, agreement)
        } catch {
            throw ModelError(.invalidConfiguration, error.message, cause: error)
        }
        return ModelDescription(
            id: id,
            platform: completed.platform.isEmpty ? completed.backend : completed.platform,
            inputs: agreement.inputs,
            outputs: agreement.outputs,
            unservedOutputs: session.signature.unservedOutputs,
            maxBatchSize: plan.configuration.maxBatchSize,
            isDecoupled: plan.configuration.isDecoupled,
            labels: plan.labels,
            configurationJSON: completed.jsonBytes(),
            examples: examples,
            image: image
        )
    }

    private func note(_ signature: ModelSignature, id: ModelID) {
        for warning in signature.warnings {
            logger.warning(
                "The engine has a remark on the model",
                metadata: [
                    LogKeys.model: "\(id.name)", LogKeys.version: "\(id.version)", LogKeys.reason: "\(warning)",
                ]
            )
        }
        for output in signature.unservedOutputs {
            logger.warning(
                "An output of the model can't be served",
                metadata: [
                    LogKeys.model: "\(id.name)", LogKeys.version: "\(id.version)",
                    LogKeys.outputs: "\(output.name)", LogKeys.reason: "\(output.reason)",
                ]
            )
        }
    }
}
