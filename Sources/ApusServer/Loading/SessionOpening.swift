internal import ApusCore
internal import ApusEngine
internal import ApusModels
internal import ApusProtocol

/// Opens a version's file in its engine: once for each device, and once more when other threads are tried.
struct SessionOpening: Sendable {
    /// Files above this are opened only once, in bytes: a trial has the model in memory twice.
    static let maxTrialBytes = 32 << 20

    private let engine: any Engine
    private let id: ModelID
    private let folder: ModelFolder
    private let filename: String?
    private let options: SessionOptions
    /// The version's file, opened once for all devices; `nil` for engines that need none.
    private let file: StoredFile?

    /// Reads what the configuration says of tensors and parameters.
    ///
    /// - Throws: `invalidConfiguration`, or why there is no file.
    init(
        _ id: ModelID,
        folder: ModelFolder,
        plan: ModelPlan,
        sequences: SequencePlan?,
        engine: any Engine
    ) throws(ModelError) {
        let configuration = plan.configuration
        let place = plan.place
        let tensors = ConfiguredTensors(configuration, hasBatch: configuration.maxBatchSize > 0)
        self.options = SessionOptions(
            modelName: id.name.description,
            parameters: configuration.parameters.filter { $0.key != SchedulingPlan.batchingParameter },
            configuredInputs: try tensors.inputs(place: place) + (sequences?.inputs ?? []),
            configuredOutputs: try tensors.outputs(place: place)
                + (sequences?.outputs.filter { !tensors.outputNames.contains($0.name) } ?? []),
            maxBatchSize: configuration.maxBatchSize
        )
        let filename = configuration.defaultModelFilename
        self.filename = filename.isEmpty ? nil : filename
        self.engine = engine
        self.id = id
        self.folder = folder
        self.file = engine.modelFilenames.isEmpty ? nil : try folder.modelFile(of: id.version, named: self.filename)
    }

    /// Opens the version on a device.
    ///
    /// - Throws: `loadFailed` with the engine's words, or why there is no file.
    func open(on device: EngineDevice) throws(ModelError) -> any EngineSession {
        var options = options
        options.device = device
        do throws(EngineError) {
            return try engine.load(file.map { .open($0.file, path: $0.path) } ?? .none, options: options)
        } catch {
            throw ModelError(.loadFailed, error.message, cause: error)
        }
    }

    /// Opens the version once more with other threads; `nil` where they make no difference, or memory would not do.
    ///
    /// What it returns doesn't keep the file open: a server may have more versions than it may have open files.
    var reopening: (@Sendable (ThreadUse) throws(EngineError) -> any EngineSession)? {
        guard engine.leavesThreadsOpen(options), let identity = file?.file.identity,
            identity.byteCount <= Self.maxTrialBytes
        else { return nil }
        return { [engine, id, folder, filename, options] use throws(EngineError) in
            let found: StoredFile
            do throws(ModelError) {
                found = try folder.modelFile(of: id.version, named: filename)
            } catch {
                throw EngineError(.unreadable, error.message, cause: error)
            }
            guard found.file.identity == identity else {
                throw EngineError(.unreadable, "the file has changed since the version was loaded")
            }
            var options = options
            options.threads = use
            return try engine.load(.open(found.file, path: found.path), options: options)
        }
    }
}
