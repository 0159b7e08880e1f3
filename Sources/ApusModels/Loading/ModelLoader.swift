package import ApusCore

/// Turns a version's folder into something that answers requests, and back into nothing.
///
/// Calls block and come on loading threads, for different versions perhaps at the same time. Those threads run at low
/// priority, and on Linux threads inherit that from the thread that makes them: an engine's computing threads have to be
/// made elsewhere.
package protocol ModelLoader: Sendable {
    /// What answers requests; opaque to everybody in this module.
    associatedtype Servable: AnyObject & Sendable
    /// What the loader found out about a model before it loads a version.
    associatedtype Plan: Sendable

    /// Reads a model's configuration; cheap, called for every model before any is loaded.
    func plan(_ folder: ModelFolder) throws(ModelError) -> VersionPlan<Plan>

    /// Loads one version; returns when it can answer requests.
    func load(_ id: ModelID, from folder: ModelFolder, plan: Plan) throws(ModelError) -> Servable

    /// Runs requests on a version that is loaded and not live yet.
    ///
    /// - Parameters:
    ///   - servable: The version.
    ///   - predecessor: The highest version of the same model that is in memory; `nil` when there is none.
    /// - Throws: Why the version can't be served.
    func warmUp(_ servable: Servable, after predecessor: Servable?) throws(ModelError)

    /// Ends a version after its last lease has ended, and frees what is heavy.
    ///
    /// The object itself may live on for a moment, in the hands of whoever held the last lease.
    func unload(_ servable: Servable)
}

/// What a loader makes of a model's configuration.
package struct VersionPlan<Plan: Sendable>: Sendable {
    /// Which of the versions should be live.
    package let policy: VersionPolicy
    /// What the loader wants to be told again when it loads one of them.
    package let plan: Plan
    /// Models that have to have come to live or failed before a version of this one is loaded.
    package let dependencies: [ModelName]
    /// Whether a version consists of files of its own; `false` for one that is all configuration.
    package let needsFiles: Bool
    /// Names that point to versions, whether those are live or not.
    package let labels: [VersionLabel: ModelVersion]

    /// Pairs a policy with a plan.
    package init(
        policy: VersionPolicy,
        plan: Plan,
        dependencies: [ModelName] = [],
        needsFiles: Bool = true,
        labels: [VersionLabel: ModelVersion] = [:]
    ) {
        self.policy = policy
        self.plan = plan
        self.dependencies = dependencies
        self.needsFiles = needsFiles
        self.labels = labels
    }
}
