internal import ApusClient
internal import ArgumentParser

/// `apus models`: what the server has, in which state and why.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List the models of a running server, with state and reason.",
        discussion: """
            EXAMPLES
              apus models
              apus models --url http://10.0.0.5:8000
              apus models --json | jq '.[] | select(.state != "READY")'
            """
    )

    @OptionGroup
    var server: ServerOptions

    @Flag(help: "Print the repository index as JSON.")
    var json = false

    func run() async throws {
        let entries = try await server.withConnection { connection in try await connection.index() }
        print(json ? ModelTable.json(entries) : ModelTable.text(entries), terminator: "")
    }
}
