internal import ApusClient
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

    /// Gives a connection to the server for as long as the body runs.
    ///
    /// The one place that decides what stands behind the commands: a server in this process would be made here.
    func withConnection<Result>(
        _ body: (any ModelServerConnection) async throws -> Result
    ) async throws -> Result {
        try await body(HTTPModelServerConnection(HTTPConnection(to: ServerURL(option: url))))
    }
}
