internal import ApusCore
internal import ApusHTTP
internal import ApusModels
internal import ApusScheduling
internal import ApusTelemetry

/// What operates the server while it runs, for whichever edge asks.
struct ControlServices: Sendable {
    /// Loads and unloads models.
    let models: ModelController
    /// Keeps trace and log settings.
    let settings: KeptSettings
    /// Memory that clients share.
    let sharedMemory: any SharedMemoryRegions
    /// The gate of inference ports.
    let gate: any Gate
    /// The v2 extensions that there are, in Triton's order and words.
    let extensions: [String]

    /// Puts them together; nothing is looked at yet.
    init(
        _ configuration: ServerConfiguration,
        manager: ModelManager<LoadedModel>,
        engines: EngineSet,
        keeper: RepositoryKeeper,
        logSwitch: LogSwitch
    ) {
        models = ModelController(
            manager: manager,
            isExplicit: configuration.isControlExplicit,
            allowsFiles: configuration.allowsFileOverrides,
            isSignedOnly: configuration.store.requiresSignatures,
            modelFilenames: engines.modelFilenames,
            list: { () throws(ModelError) in try keeper.list() }
        )
        settings = KeptSettings(logSwitch: logSwitch) { manager.contains($0) }
        sharedMemory =
            configuration.allowsClientSharedMemory
            ? ClientSharedMemory(prefixes: configuration.sharedMemoryPrefixes) : NoSharedMemory()
        gate =
            configuration.isControlOnInferencePorts
            ? OpenGate() : ControlGate(before: OpenGate(), isLoopbackOnly: configuration.isLoopbackOnly)
        extensions = ControlServices.extensions(configuration)
    }

    private static func extensions(_ configuration: ServerConfiguration) -> [String] {
        var words = ["classification", "sequence"]
        if configuration.isControlExplicit { words += ["model_repository", "model_repository(unload_dependents)"] }
        words += ["schedule_policy", "model_configuration"]
        if configuration.allowsClientSharedMemory { words.append("system_shared_memory") }
        return words + ["binary_tensor_data", "parameters", "statistics", "logging"]
    }
}

extension HTTPEdgeConfiguration {
    /// Has the edge call these.
    mutating func take(_ services: ControlServices) {
        control = services.models
        settings = services.settings
        sharedMemory = services.sharedMemory
        gate = services.gate
        extensions = services.extensions
    }
}
