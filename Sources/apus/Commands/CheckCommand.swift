internal import ApusServer
internal import ArgumentParser

/// `apus check`: everything that `serve` would refuse, without a port.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a repository and the configuration without serving; exit status 1 when something is wrong.",
        usage: "apus check [DIR] [--config FILE] [SETTINGS]",
        discussion: """
            Loads every model that would be live, in this process, and names what can't be served and why. All \
            settings of
            'apus serve' are taken and checked too.

            EXAMPLES
              apus check examples/models
              apus check --models /models --config apus-server.yaml
            """
    )

    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("The repository, and settings.", visibility: .hidden))
    var arguments: [String] = []

    func run() async throws {
        let configuration = try ConfigurationLoading.configuration(arguments: arguments)
        let report: RepositoryCheck.Report
        do {
            report = try await RepositoryCheck(configuration).run()
        } catch {
            throw CommandFailure(error)
        }
        print(report.text, terminator: "")
        if !report.isWell { throw ExitCode(1) }
    }
}
