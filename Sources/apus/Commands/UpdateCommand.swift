internal import ApusClient
internal import ApusCore
internal import ArgumentParser

/// `apus update`: has a running server look at its source of models now.
struct UpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Have a running server look at its source of models now.",
        discussion: """
            Waits until everything that changed is live or has failed; exits with 1 when a model can't be served, and says why.

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
        let patience = Task {
            try await Task.sleep(for: .seconds(3))
            print("update: running; the server is still looking at its source, or loading")
        }
        defer { patience.cancel() }
        let (state, reason) = try await connection.update(isAwaited: !noWait)
        patience.cancel()
        print(reason.isEmpty ? "update: \(state)" : "update: \(state): \(reason)")
        if state == "failed" { throw ExitCode(1) }
        guard !noWait else { return }
        let failures = try await connection.index().filter(\.hasFailed)
        for entry in failures {
            print("\(entry.name)\(entry.version.map { "/\($0)" } ?? "") can't be served: \(entry.reason)")
        }
        if !failures.isEmpty { throw ExitCode(1) }
    }
}
