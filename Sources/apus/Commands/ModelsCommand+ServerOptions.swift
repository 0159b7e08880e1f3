internal import ApusClient
internal import ApusServer
internal import ArgumentParser

/// Where the commands that ask a server find it.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server: http://HOST:PORT or unix:///PATH. Environment: APUS_URL. (default: \(ServerURL.default))",
            valueName: "url"
        )
    )
    var url: String?

    @Option(help: ArgumentHelp("Ask the models in this folder, without a running server.", valueName: "dir"))
    var models: String?

    func validate() throws {
        if url != nil, models != nil { throw ValidationError("give --url or --models, not both") }
    }

    /// Gives a connection to the server for as long as the body runs.
    ///
    /// The one place that decides what stands behind the commands: with `--models`, a server in this process.
    func withConnection<Result: Sendable>(
        _ body: @escaping @Sendable (any ModelServerConnection) async throws -> Result
    ) async throws -> Result {
        guard let models else {
            return try await body(HTTPModelServerConnection(HTTPConnection(to: ServerURL(option: url))))
        }
        do {
            return try await TemporaryServer.serving(models: models) { url in
                try await body(HTTPModelServerConnection(HTTPConnection(to: ServerURL(option: url))))
            }
        } catch let error as ClientError {
            throw error
        } catch {
            throw CommandFailure(error)
        }
    }
}
