internal import ApusCore
internal import ApusEngine
internal import ApusModels
internal import ApusProtocol
internal import ApusScheduling

/// What is known of a model before one of its versions is loaded.
struct ModelPlan: Sendable {
    /// What the user wrote; empty when there is no `config.pbtxt`.
    let configuration: ModelConfiguration
    /// Whether there is a `config.pbtxt`.
    let isConfigured: Bool
    /// What `apus.yaml` adds; says nothing when there is none.
    let settings: ModelSettings
    /// Where `config.pbtxt` lies, or would, from the repository's root; for messages.
    let place: String
    /// The same for `apus.yaml`.
    let settingsPlace: String
    /// The engine's name.
    let engineName: String
    /// Whether its answers are remembered.
    let responseCache: ResponseCachePlan
    /// The names of classes by output.
    let labels: [String: [String]]
    /// Models that it asks; none unless it is an ensemble.
    let dependencies: [ModelName]

    /// Reads a model's configuration and chooses its engine.
    ///
    /// - Throws: `invalidConfiguration` with every fault and its place.
    init(_ folder: ModelFolder) throws(ModelError) {
        var settings = try ModelSettings(folder)
        let place = folder.place(of: ModelFolder.configurationFilename)
        let settingsPlace = folder.place(of: ModelSettings.filename)
        self.place = place
        self.settingsPlace = settingsPlace
        let written = try ModelPlan.configuration(in: folder, place: place)
        if folder.configurationOverride != nil, let written { settings.yield(to: written) }
        self.settings = settings
        var configuration = written ?? .empty
        if let ensemble = settings.ensemble {
            configuration = try ensemble.complete(configuration, place: settingsPlace)
        }
        if let error = ModelPlan.refusal(
            of: configuration.validate(),
            settings: settings,
            place: place,
            settingsPlace: settingsPlace
        ) {
            throw error
        }
        guard configuration.name.isEmpty || configuration.name == folder.name.description else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): name is '\(configuration.name)', but the model's folder is '\(folder.name)'; "
                    + "make them equal or leave the name out"
            )
        }
        self.configuration = configuration
        self.isConfigured = written != nil
        self.labels = try ClassLabels.read(configuration.outputs, in: folder)
        self.dependencies = try ModelPlan.dependencies(of: configuration, place: place)
        self.engineName = try ModelPlan.engineName(of: configuration, place: place)
        self.responseCache = try ResponseCachePlan(configuration, settings, place: settingsPlace)
    }

    /// What a load request says, or `config.pbtxt`; `nil` when there is neither.
    private static func configuration(
        in folder: ModelFolder,
        place: String
    ) throws(ModelError) -> ModelConfiguration? {
        if let json = folder.configurationOverride {
            do throws(ModelConfigurationError) {
                return try ModelConfiguration.parse(json: json)
            } catch {
                throw ModelError(.invalidConfiguration, "the load request's config: \(error.message)", cause: error)
            }
        }
        let filename = ModelFolder.configurationFilename
        guard let text = try folder.contents(of: filename, byteLimit: ModelFolder.maxConfigurationBytes) else {
            return nil
        }
        do throws(ModelConfigurationError) {
            return try ModelConfiguration.parse(text: text)
        } catch {
            throw ModelError(.invalidConfiguration, "\(place):\(error)", cause: error)
        }
    }

    /// Which versions should be live.
    var versionPolicy: VersionPolicy {
        switch configuration.versionPolicy {
        case .latest(let count): .latest(count)
        case .all: .all
        case .specific(let numbers): .specific(numbers.compactMap { ModelVersion($0) })
        }
    }

    /// How the model stands to others: `apus.yaml` before `config.pbtxt`.
    var priority: ModelPriority {
        if let priority = settings.scheduling.priority { return priority }
        switch configuration.optimization.priority {
        case .standard: return .normal
        case .max: return .high
        case .min: return .low
        }
    }

    /// Fields that were written and that the server doesn't act on, as dotted paths.
    var ignoredFields: [String] {
        var supported = ModelPlan.supportedFields
        if !configuration.isDecoupled { supported.insert("model_warmup") }
        if configuration.dynamicBatching?.priorityLevels == 0 {
            supported.subtract(["dynamic_batching.default_priority_level", "dynamic_batching.priority_queue_policy"])
        }
        return configuration.unsupportedFields(supported: supported)
    }

    private static let supportedFields: Set<String> = [
        "name", "platform", "backend", "max_batch_size", "version_policy", "default_model_filename", "parameters",
        "model_transaction_policy",
        "input.name", "input.data_type", "input.dims", "input.optional", "input.format", "input.reshape",
        "output.name", "output.data_type", "output.dims", "output.reshape", "output.label_filename",
        "instance_group.count", "instance_group.kind", "instance_group.gpus",
        "instance_group.name",
        "dynamic_batching.preferred_batch_size", "dynamic_batching.max_queue_delay_microseconds",
        "dynamic_batching.priority_levels", "dynamic_batching.default_priority_level",
        "dynamic_batching.default_queue_policy", "dynamic_batching.priority_queue_policy", "response_cache",
        "dynamic_batching.preserve_ordering", "optimization.priority",
        "sequence_batching.max_sequence_idle_microseconds", "sequence_batching.control_input",
        "sequence_batching.direct", "sequence_batching.oldest.max_candidate_sequences",
        "sequence_batching.oldest.preferred_batch_size", "sequence_batching.oldest.max_queue_delay_microseconds",
        "sequence_batching.oldest.preserve_ordering",
        "sequence_batching.state.input_name", "sequence_batching.state.output_name",
        "sequence_batching.state.data_type", "sequence_batching.state.dims", "sequence_batching.state.initial_state",
        "ensemble_scheduling.step.model_name", "ensemble_scheduling.step.model_version",
        "ensemble_scheduling.step.input_map", "ensemble_scheduling.step.output_map",
    ]

    private static func engineName(of configuration: ModelConfiguration, place: String) throws(ModelError) -> String {
        if configuration.isEnsemble { return "ensemble" }
        if !configuration.backend.isEmpty { return configuration.backend }
        switch configuration.platform {
        case "", "onnxruntime_onnx": return "onnxruntime"
        case "builtin": return "builtin"
        default:
            throw ModelError(
                .invalidConfiguration,
                "\(place): platform '\(configuration.platform)' is not one that this server has; "
                    + "export the model to ONNX and write platform: \"onnxruntime_onnx\""
            )
        }
    }
}
