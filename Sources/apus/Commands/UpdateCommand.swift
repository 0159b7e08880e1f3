internal import ApusClient
internal import ApusCore
internal import ApusServer
internal import ArgumentParser

/// `apus update`: has a running server look at its source of models now.
struct UpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Have a running server look at its source of models now.",
        discussion: """
            Waits until everything that changed is live or has failed. Says what can't be served as it is in the source, and
            exits with 1 then; with names, only for those models.

            EXAMPLES
              apus update
              apus update iris
              apus update --no-wait
              apus update --url http://10.0.0.5:8000
            """
    )

    @Argument(help: ArgumentHelp("The models that have to be well; all when left out.", valueName: "model"))
    var models: [String] = []

    @Option(
        help: ArgumentHelp(
            "The server: http://HOST:PORT or unix:///PATH. Environment: APUS_URL. (default: \(ServerURL.default))",
            valueName: "url"
        )
    )
    var url: String?

    @Flag(help: "Return at once.")
    var noWait = false

    func validate() throws {
        if noWait, !models.isEmpty {
            throw ValidationError("--no-wait learns nothing of models: leave one of them out")
        }
    }

    func run() async throws {
        let connection = HTTPModelServerConnection(HTTPConnection(to: try ServerURL(option: url)))
        let patience = Task {
            try await Task.sleep(for: .seconds(3))
            StandardError.note("the server is still looking at its source, or loading")
        }
        defer { patience.cancel() }
        let update = try await connection.update(isAwaited: !noWait)
        let state = Terminal.printable(update.state)
        print(update.reason.isEmpty ? "update: \(state)" : "update: \(state): \(Terminal.printable(update.reason))")
        let failures = update.failures.filter { models.isEmpty || models.contains($0.model) }
        for failure in failures {
            let name = failure.version.isEmpty ? failure.model : "\(failure.model)/\(failure.version)"
            print("\(Terminal.printable(name)) can't be served: \(Terminal.printable(failure.reason))")
        }
        if update.state == "failed" || !failures.isEmpty { throw ExitCode(1) }
    }
}
