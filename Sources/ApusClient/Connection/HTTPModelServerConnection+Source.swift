package import ApusCore
internal import NIOHTTP1

/// What a server's source of models is asked.
extension HTTPModelServerConnection {
    /// What a version consists of and where it comes from, loaded or not.
    package func manifest(of model: ModelName, version: ModelVersion) async throws(ClientError) -> JSONValue {
        let path = "\(HTTPModelServerConnection.path(ModelSelector(name: model, version: .exact(version))))/manifest"
        return try HTTPModelServerConnection.parse(try await ask(.GET, path))
    }

    /// Has the source of models looked at now.
    package func update(isAwaited: Bool) async throws(ClientError) -> SourceUpdate {
        let answer = try await connection.request(.POST, "/update-model", headers: [], body: [], timeout: timeout)
        guard answer.status == 202,
            let place = answer.headers.first(where: { $0.name.lowercased() == "location" })?.value
        else {
            throw ClientError(refusal: answer, from: connection.url)
        }
        while true {
            let report = SourceUpdate(json: try HTTPModelServerConnection.parse(try await ask(.GET, place)))
            if !isAwaited || report.isOver { return report }
            do {
                try await Task.sleep(for: .milliseconds(50))
            } catch {
                return report
            }
        }
    }
}
