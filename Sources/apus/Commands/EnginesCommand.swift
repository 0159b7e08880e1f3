internal import ApusServer
internal import ArgumentParser

/// `apus engines`: what was found, and where it was looked for.
struct EnginesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engines",
        abstract: "List the engines that were found, their versions and devices, and where others were looked for.",
        usage: "apus engines [--engine-path PATH] [SETTINGS]",
        discussion: """
            EXAMPLES
              apus engines
              apus engines --engine-path /opt/onnxruntime/lib
            """
    )

    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Settings of 'apus serve'.", visibility: .hidden))
    var settings: [String] = []

    func run() async throws {
        let configuration = try ConfigurationLoading.configuration(arguments: settings)
        print(EngineReport(configuration).text, terminator: "")
    }
}
