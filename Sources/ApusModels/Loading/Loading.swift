internal import ApusCore

/// A loader's calls, without the type of its plans, so that the manager's type only names what it serves.
struct Loading<Servable: AnyObject & Sendable>: Sendable {
    /// A model whose configuration has been read.
    struct Model: Sendable {
        /// Which of the versions should be live.
        let policy: VersionPolicy
        /// Models that have to have come to live or failed before.
        let dependencies: [ModelName]
        /// Whether a version consists of files of its own.
        let needsFiles: Bool
        /// Names that point to versions.
        let labels: [VersionLabel: ModelVersion]
        /// Loads one of them.
        let load: @Sendable (ModelID, ModelFolder) throws(ModelError) -> Servable
    }

    /// Reads a model's configuration.
    let plan: @Sendable (ModelFolder) throws(ModelError) -> Model
    /// Runs requests on a version before it is live.
    let warmUp: @Sendable (_ servable: Servable, _ predecessor: Servable?) throws(ModelError) -> Void
    /// Ends a version.
    let unload: @Sendable (Servable) -> Void

    /// Takes a loader's calls.
    init<Loader: ModelLoader>(by loader: Loader) where Loader.Servable == Servable {
        self.plan = { folder throws(ModelError) in
            let planned = try loader.plan(folder)
            return Model(
                policy: planned.policy,
                dependencies: planned.dependencies,
                needsFiles: planned.needsFiles,
                labels: planned.labels
            ) { id, folder throws(ModelError) in
                try loader.load(id, from: folder, plan: planned.plan)
            }
        }
        self.warmUp = { servable, predecessor throws(ModelError) in
            try loader.warmUp(servable, after: predecessor)
        }
        self.unload = { loader.unload($0) }
    }
}
