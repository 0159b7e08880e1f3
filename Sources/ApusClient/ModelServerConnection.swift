package import ApusCore

/// What the commands ask of a model server, wherever it runs: behind a URL, or inside this process.
package protocol ModelServerConnection: Sendable {
    /// Everything in the repository, with its state.
    func index() async throws(ClientError) -> [RepositoryIndexEntry]

    /// What a model takes and gives.
    ///
    /// - Parameter model: The model, and which of its versions.
    /// - Returns: The inputs and outputs.
    /// - Throws: `.refused` with the server's words for a model that it doesn't have.
    func metadata(of model: ModelSelector) async throws(ClientError) -> ModelMetadata

    /// What a model has done and what was learnt of it, as the server writes it.
    ///
    /// - Parameter model: The model, and which of its versions; for the latest, all that are live.
    /// - Returns: The answer of the v2 statistics extension; `ServedStatistics` reads it.
    /// - Throws: `.refused` with the server's words for a model that it doesn't have.
    func statistics(of model: ModelSelector) async throws(ClientError) -> JSONValue

    /// What a version consists of and where it comes from, loaded or not.
    ///
    /// - Returns: The server's document.
    /// - Throws: `.refused` with the server's words for a version that the source doesn't have.
    func manifest(of model: ModelName, version: ModelVersion) async throws(ClientError) -> JSONValue

    /// Has the source of models looked at now.
    ///
    /// - Parameter isAwaited: Whether to return when everything that changed is live or has failed; otherwise at once.
    /// - Returns: How far that is.
    /// - Throws: `.refused` with the server's words.
    func update(isAwaited: Bool) async throws(ClientError) -> SourceUpdate

    /// Asks a model.
    ///
    /// - Parameters:
    ///   - model: The model, and which of its versions.
    ///   - jsonBody: A v2 inference request, JSON from the first byte to the last.
    /// - Returns: The v2 inference response, JSON from the first byte to the last.
    /// - Throws: `.refused` with the server's words when it has no answer.
    func infer(_ model: ModelSelector, jsonBody: [UInt8]) async throws(ClientError) -> [UInt8]
}
