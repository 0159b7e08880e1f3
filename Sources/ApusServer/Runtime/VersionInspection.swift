package import ApusCore
internal import ApusModels
internal import ApusScheduling
internal import Logging

/// Loads a model once in this process, as a server would, to see whether one could.
package enum VersionInspection {
    /// What came of it.
    package enum Outcome: Sendable {
        /// It loads; what it takes and gives.
        case loads(ModelDescription)
        /// No server could serve it as it is.
        case isRefused(reason: String)
        /// It can't be found out here: its engine or the models that it asks are elsewhere.
        case isUnknown(reason: String)
    }

    /// What is the version's own fault, wherever it is loaded.
    private static let faults: Set<ModelError.Code> = [
        .noVersion, .noModelFile, .invalidConfiguration, .loadFailed, .unsafeFile,
    ]

    /// Loads the only model of a repository.
    ///
    /// Of the machine's own settings only those of engines count: whose signatures a server here wants, for example,
    /// says nothing of the version.
    ///
    /// - Parameters:
    ///   - models: The repository's folder.
    ///   - cache: A folder for what is fetched from it.
    /// - Returns: What came of it.
    package static func outcome(models: String, cache: String) async -> Outcome {
        do {
            let written = try ServerConfiguration.load(arguments: [])
            var configuration = ServerConfiguration()
            configuration.environment = written.environment
            configuration.enginePath = written.enginePath
            configuration.cpuBudget = written.cpuBudget
            configuration.models = models
            configuration.store.cachePath = cache
            configuration.logLevel = .critical
            return try await ServerAssembly(configuration).loadedOnce(outcome)
        } catch {
            return .isUnknown(reason: "\(error)")
        }
    }

    private static func outcome(_ manager: ModelManager<LoadedModel>, _ listing: RepositoryListing) -> Outcome {
        if let error = manager.faults().first?.error ?? listing.unavailable.first?.error {
            return faults.contains(error.code) ? .isRefused(reason: error.message) : .isUnknown(reason: error.message)
        }
        guard let live = manager.liveVersions().first else { return .isUnknown(reason: "no version of it is served") }
        return .loads(live.servable.front.description)
    }
}
