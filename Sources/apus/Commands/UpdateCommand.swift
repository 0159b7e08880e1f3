internal import ApusClient
internal import ArgumentParser

/// `apus update`: has a running server look at its source of models now.
struct UpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Have a running server look at its source of models now.",
        discussion: """
            Waits until everything that changed is live, or has failed for a reason that 'apus models' tells.

            EXAMPLES
              apus update
              apus update --no-wait
              apus update --url http://10.0.0.5:8000
            """
    )

    @Option(
        help: ArgumentHelp(
            "The server: http://HOST:PORT or unix:///PATH. Environment: APUS_URL. (default: \(ServerURL.default))",
            valueName: "url"
        )
    )
    var url: String?

    @Flag(help: "Return at once.")
    var noWait = false

    func run() async throws {
        let connection = HTTPModelServerConnection(HTTPConnection(to: try ServerURL(option: url)))
        let (state, reason) = try await connection.update(isAwaited: !noWait)
        print(reason.isEmpty ? "update: \(state)" : "update: \(state): \(reason)")
        if state == "failed" { throw ExitCode(1) }
    }
}
