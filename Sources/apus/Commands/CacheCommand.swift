internal import ApusServer
internal import ArgumentParser

/// `apus cache`: what lies in the cache of versions, and whether it is whole.
struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Say how full the cache of versions is, and check every file in it.",
        usage: "apus cache [--cache DIR] [--cache-bytes N]",
        discussion: """
            Exit status 1 when a file is damaged. Takes the settings of 'apus serve'. A damaged version is fetched anew by the next server that wants it.

            EXAMPLES
              apus cache
              apus cache --cache /var/cache/apus
            """
    )

    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Settings.", visibility: .hidden))
    var arguments: [String] = []

    func run() async throws {
        let configuration = try ConfigurationLoading.configuration(arguments: arguments)
        do {
            let report = try CacheReport(configuration)
            print(report.text, terminator: "")
            if !report.isWell { throw ExitCode(1) }
        } catch let error as ExitCode {
            throw error
        } catch {
            throw CommandFailure(error)
        }
    }
}
