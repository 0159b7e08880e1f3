/// What edges ask about the models that are there.
package protocol RepositoryControl: Sendable {
    /// All models and versions with state and reason, sorted by name and version.
    func index() -> [RepositoryIndexEntry]
    /// The versions of a model that are ready now, ascending; empty when there are none.
    func readyVersions(of name: ModelName) -> [ModelVersion]
}
