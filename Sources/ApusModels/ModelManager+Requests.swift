package import ApusCore
internal import Synchronization

/// Models that are loaded on demand, one at a time, instead of by lists of everything.
extension ModelManager {
    /// Begins to serve a repository of which models are loaded on demand.
    ///
    /// - Parameters:
    ///   - catalogue: What is there.
    ///   - names: Those to be loaded now, which need not be there.
    package func begin(_ catalogue: RepositoryListing, loading names: [ModelName]) async {
        let wanted = catalogue.models.filter { names.contains($0.name) }
        var unavailable = catalogue.unavailable.filter { folder in
            names.contains { $0.description == folder.name }
        }
        let known = Set(wanted.map(\.name.description) + unavailable.map(\.name))
        for name in names where !known.contains(name.description) {
            unavailable.append(UnavailableFolder(name: name.description, error: .notInRepository(name)))
        }
        noteCatalogue(catalogue)
        list(RepositoryListing(models: wanted, unavailable: unavailable), explicitly: true)
        await loaded()
    }

    /// Notes what is in a repository of which models are loaded on demand: ensembles find their models there.
    package func noteCatalogue(_ catalogue: RepositoryListing) {
        contents.withLock { $0.catalogue = catalogue }
    }

    /// Loads a model, anew if it is, and waits until it serves; when it was dismissed, for the end of its leases too.
    ///
    /// - Parameter folder: The model's folder as it is now.
    /// - Throws: `invalidArgument` with the reasons when it, or a version that is wanted of it, can't be served,
    ///   `unavailable` when it was dismissed meanwhile, or the task cancelled before it serves.
    package func load(_ folder: ModelFolder) async throws(InferenceError) {
        let name = folder.name
        feed { contents in
            contents.folders[name] = folder
            contents.machine.modelRequested(name)
        }
        wakeThread()
        await reach(.settled(name))
        if let failure = contents.withLock({ $0.failure(ofLoading: name) }) { throw failure }
    }

    /// Takes a model out of service; returns when that has begun.
    ///
    /// - Throws: `invalidArgument` for a model that isn't loaded.
    package func unload(_ name: ModelName, withDependents: Bool) throws(InferenceError) {
        let isKnown = feed { contents in
            guard contents.machine.isWanted(name) else { return false }
            let dismissed = contents.machine.modelDismissed(name, withDependents: withDependents)
            contents.letGo(of: dismissed)
            return true
        }
        guard isKnown else {
            throw InferenceError(
                .invalidArgument,
                "Model to be unloaded has not been served",
                field: "model",
                got: name.description,
                hint: "POST /v2/repository/index lists the models and their states"
            )
        }
        wakeThread()
    }

    /// Takes every model out of service that isn't among these, and that none of these needs; returns when that has begun.
    package func keep(only names: Set<ModelName>) {
        feed { contents in
            contents.letGo(of: contents.machine.modelsChosen(names))
        }
        wakeThread()
    }
}

extension ModelManager.Contents {
    /// Has models loaded that others need, where models are loaded on demand; those that are loaded stay as they are.
    mutating func request(_ names: [ModelName]) {
        guard let catalogue else { return }
        for name in names where !machine.isWanted(name) {
            guard let folder = catalogue.models.first(where: { $0.name == name }) else { continue }
            folders[name] = folder
            machine.modelRequested(name, explicitly: false)
        }
    }
}
