package import ApusCore
internal import NIOHTTP1

/// A running server, asked over HTTP.
package struct HTTPModelServerConnection: ModelServerConnection {
    let connection: HTTPConnection
    let timeout: Duration

    /// Speaks to a server through a connection.
    ///
    /// - Parameters:
    ///   - connection: The way to the server.
    ///   - timeout: The longest time that one answer may take.
    package init(_ connection: HTTPConnection, timeout: Duration = .seconds(60)) {
        self.connection = connection
        self.timeout = timeout
    }

    /// Everything in the repository, with its state.
    package func index() async throws(ClientError) -> [RepositoryIndexEntry] {
        let answer = try await ask(.POST, "/v2/repository/index")
        return try RepositoryIndexEntry.entries(fromJSON: HTTPModelServerConnection.parse(answer))
    }

    /// What a model takes and gives.
    package func metadata(of model: ModelSelector) async throws(ClientError) -> ModelMetadata {
        let answer = try await ask(.GET, HTTPModelServerConnection.path(model))
        return try ModelMetadata(json: HTTPModelServerConnection.parse(answer))
    }

    /// What a model has done and what was learnt of it.
    package func statistics(of model: ModelSelector) async throws(ClientError) -> JSONValue {
        let answer = try await ask(.GET, HTTPModelServerConnection.path(model) + "/stats")
        return try HTTPModelServerConnection.parse(answer)
    }

    /// Asks a model.
    package func infer(_ model: ModelSelector, jsonBody: [UInt8]) async throws(ClientError) -> [UInt8] {
        try await ask(.POST, HTTPModelServerConnection.path(model) + "/infer", body: jsonBody)
    }

    /// The path of a model, a version or a label; legal names need no escapes.
    package static func path(_ model: ModelSelector) -> String {
        switch model.version {
        case .latest: "/v2/models/\(model.name)"
        case .exact(let version): "/v2/models/\(model.name)/versions/\(version)"
        case .label(let label): "/v2/models/\(model.name)/versions/\(label)"
        }
    }

    /// Asks for something that is answered with 200.
    func ask(
        _ method: HTTPMethod,
        _ path: String,
        body: [UInt8] = []
    ) async throws(ClientError) -> [UInt8] {
        let headers = body.isEmpty ? [] : [("Content-Type", "application/json")]
        let answer = try await connection.request(method, path, headers: headers, body: body, timeout: timeout)
        guard answer.status == 200 else { throw ClientError(refusal: answer, from: connection.url) }
        return answer.body
    }

    /// Reads an answer's body.
    static func parse(_ body: [UInt8]) throws(ClientError) -> JSONValue {
        do {
            return try JSONParser.parse(body)
        } catch {
            throw ClientError(.invalidAnswer, "the server's answer is not JSON: \(error)", cause: error)
        }
    }
}
