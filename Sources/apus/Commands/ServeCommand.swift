internal import ApusServer
internal import ArgumentParser

/// `apus serve`: serves a repository until it is told to stop.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a model repository over HTTP and gRPC.",
        usage: "apus serve [DIR | --models DIR] [--config FILE] [--http-port N] [SETTINGS]",
        discussion: """
            EXAMPLES
              apus serve --models examples/models
              apus serve --models /models --http-port 9000 --log-format json
              APUS_MODELS=/models apus serve --access-log failures
              apus serve --config apus-server.yaml

            SETTINGS
            Each is a flag, an environment variable (--http-port is APUS_HTTP_PORT) and a key of the configuration
            file (http_port). Flags win over the environment, the environment over the file. The file is --config, \
            else
            apus-server.yaml in the working directory when there is one.

            \(SettingsHelp.text)
            """
    )

    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Settings, as listed above.", visibility: .hidden))
    var settings: [String] = []

    func run() async throws {
        let configuration = try ConfigurationLoading.configuration(arguments: settings)
        do {
            let assembly = try ServerAssembly(configuration)
            try await assembly.run()
        } catch {
            throw CommandFailure(error)
        }
    }
}
