internal import ApusCore
internal import ApusServer
internal import ApusStorage

/// Loads a model that is to be pushed, once, in this process, and asks it what it takes and gives.
enum PushInspection {
    /// Files up to this many bytes are put where servers look for a model's small ones too: names of classes, requests
    /// to warm it up.
    private static let smallFileBytes = 64 << 20

    /// Loads a version.
    ///
    /// - Parameters:
    ///   - files: The version's files.
    ///   - name: What the model is called.
    /// - Returns: What came of it.
    /// - Throws: When the files can't be copied to a folder of their own.
    static func outcome(of files: [PushRequest.File], as name: ModelName) async throws -> VersionInspection.Outcome {
        try await PublishingSession.withFolder { folder in
            try await StoreOptions.run { _ in try copy(files, to: "\(folder)/models/\(name)") }
            return await VersionInspection.outcome(models: "\(folder)/models", cache: "\(folder)/cache")
        }
    }

    /// Lays the files out as a repository without manifests has them: what is beside the versions there is in the
    /// version's own folder here.
    private static func copy(_ files: [PushRequest.File], to folder: String) throws {
        let system = SystemFiles()
        let durable = DurableFiles(system)
        try durable.makeFolders("\(folder)/1")
        for file in files {
            let isSettings = file.path == "config.pbtxt" || file.path == "apus.yaml"
            let source = try system.openForReading(file.source)
            let isSmall = try source.byteCount() <= smallFileBytes && !file.path.hasSuffix(".onnx")
            var targets = isSettings ? [] : ["\(folder)/1/\(file.path)"]
            if isSettings || isSmall { targets.append("\(folder)/\(file.path)") }
            for path in targets {
                try durable.makeFolders(DurableFiles.parent(of: path))
                try system.open(path, .new).copy(from: system.openForReading(file.source))
            }
        }
    }
}
