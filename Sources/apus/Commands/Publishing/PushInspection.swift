internal import ApusClient
internal import ApusCore
internal import ApusServer
internal import ApusStorage

/// Loads a model that is to be pushed, once, in this process, and asks it what it takes and gives.
enum PushInspection {
    /// What the model takes and gives.
    ///
    /// - Parameters:
    ///   - files: The version's files.
    ///   - name: What the model is called.
    /// - Returns: The model's metadata, or why it can't be loaded.
    /// - Throws: When the files can't be copied to a folder of their own.
    static func metadata(
        of files: [PushRequest.File],
        as name: ModelName
    ) async throws -> Result<ModelMetadata, CommandFailure> {
        try await PublishingSession.withFolder { folder in
            try await StoreOptions.run { _ in try copy(files, to: "\(folder)/models/\(name)") }
            do {
                return try await TemporaryServer.serving(models: "\(folder)/models") { url in
                    let connection = HTTPModelServerConnection(HTTPConnection(to: try ServerURL(option: url)))
                    let entry = try await connection.index().first
                    guard let entry, entry.state == .ready, let name = ModelName(entry.name) else {
                        return .failure(CommandFailure(entry?.reason ?? "no model was found in it"))
                    }
                    return .success(try await connection.metadata(of: ModelSelector(name: name)))
                }
            } catch {
                return .failure(CommandFailure(error))
            }
        }
    }

    /// Whether the files are all that a server needs to load the version: an ensemble's members are elsewhere, and a
    /// configuration may name an engine that is.
    static func isForOneModel(_ files: [PushRequest.File]) -> Bool {
        files.contains { $0.path == "model.onnx" }
            || !files.contains { $0.path == "config.pbtxt" || $0.path == "apus.yaml" }
    }

    /// Whether this machine has what runs a pushed model, so that a failure is the model's.
    static var hasEngine: Bool {
        guard let configuration = try? ServerConfiguration.load(arguments: []) else { return false }
        return !EngineReport(configuration).missing.contains("onnxruntime")
    }

    private static func copy(_ files: [PushRequest.File], to folder: String) throws {
        let system = SystemFiles()
        let durable = DurableFiles(system)
        for file in files {
            // What says how the model is served lies beside the versions where there is no manifest.
            let isSettings = file.path == "config.pbtxt" || file.path == "apus.yaml"
            let path = "\(folder)/\(isSettings ? "" : "1/")\(file.path)"
            try durable.makeFolders(DurableFiles.parent(of: path))
            let target = try system.open(path, .new)
            try target.copy(from: system.openForReading(file.source))
        }
    }
}
