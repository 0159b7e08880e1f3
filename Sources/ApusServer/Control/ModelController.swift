internal import ApusCore
internal import ApusModels
internal import ApusScheduling
internal import NIOPosix

/// Loads and unloads models on demand, out of the repository or out of the request itself.
struct ModelController: ModelControl {
    let manager: ModelManager<LoadedModel>
    /// Whether models are loaded on demand; otherwise all are, and requests about it are refused.
    let isExplicit: Bool
    /// Whether a request may bring the model's files.
    let allowsFiles: Bool
    /// Whether only signed versions are served, so that a request can't bring one.
    var isSignedOnly = false
    /// Names of model files that the engines take, the default one first.
    let modelFilenames: [String]
    /// Looks into the repository; blocks.
    let list: @Sendable () throws(ModelError) -> RepositoryListing

    func load(_ name: ModelName, overrides: ModelOverrides) async throws(InferenceError) {
        guard isExplicit else { throw InferenceError.modelControlIsOff }
        try overrides.check()
        guard overrides.files.isEmpty || allowsFiles else {
            throw InferenceError(
                .permissionDenied,
                "a load with files of its own is not allowed: start the server with --allow-file-overrides",
                field: "parameters"
            )
        }
        guard overrides.files.isEmpty || !isSignedOnly else {
            throw InferenceError(
                .permissionDenied,
                "a load with files of its own is not allowed, since only signed versions are served (--require-signatures)",
                field: "parameters"
            )
        }
        var folder = try await folder(of: name, overrides: overrides)
        if let configuration = overrides.configuration { folder = folder.overriding(configuration) }
        try await manager.load(folder)
    }

    func unload(_ name: ModelName, withDependents: Bool) async throws(InferenceError) {
        guard isExplicit else { throw InferenceError.modelControlIsOff }
        try manager.unload(name, withDependents: withDependents)
    }

    func serve(only names: [ModelName]) async throws(InferenceError) {
        guard isExplicit else { throw InferenceError.modelControlIsOff }
        let missing = names.filter { manager.readyVersions(of: $0).isEmpty }
        if !missing.isEmpty {
            // One look for all of them.
            let listing = try await look()
            var folders: [ModelFolder] = []
            for name in missing { folders.append(try listing.folder(of: name)) }
            for folder in folders { try await manager.load(folder) }
        }
        manager.keep(only: Set(names))
    }

    /// The model's folder as it is now, or as it came with the request.
    private func folder(of name: ModelName, overrides: ModelOverrides) async throws(InferenceError) -> ModelFolder {
        guard !overrides.files.isEmpty else { return try await look().folder(of: name) }
        let listing = try await blocking { () throws(ModelError) in
            let storage = try MemoryModelStorage(name, files: overrides.files)
            return try RepositoryListing(scanning: storage, modelFilenames: modelFilenames)
        }
        return try listing.folder(of: name)
    }

    /// Looks at the whole repository, since what a model needs is found there too.
    private func look() async throws(InferenceError) -> RepositoryListing {
        try await blocking { () throws(ModelError) in
            let listing = try list()
            manager.noteCatalogue(listing)
            return listing
        }
    }

    /// Works on a thread that may block.
    private func blocking(
        _ work: @escaping @Sendable () throws(ModelError) -> RepositoryListing
    ) async throws(InferenceError) -> RepositoryListing {
        do {
            return try await NIOThreadPool.singleton.runIfActive { try work() }
        } catch {
            let message = (error as? ModelError)?.message ?? "\(error)"
            throw InferenceError(.unavailable, "the model repository can't be read: \(message)", cause: error)
        }
    }
}

extension RepositoryListing {
    /// The folder of a model that is to be loaded.
    ///
    /// - Throws: `notFound` for a name that nothing has, `invalidArgument` for what can't be a model.
    fileprivate func folder(of name: ModelName) throws(InferenceError) -> ModelFolder {
        if let folder = models.first(where: { $0.name == name }) { return folder }
        let words = "failed to load '\(name)', failed to poll from model repository"
        if let unavailable = unavailable.first(where: { $0.name == name.description }) {
            throw InferenceError(.invalidArgument, "\(words): \(unavailable.error.message)", field: "model")
        }
        throw InferenceError(
            .notFound,
            "\(words): it has no folder of this name",
            field: "model",
            got: name.description,
            hint: "POST /v2/repository/index lists the models"
        )
    }
}
