internal import ApusClient
internal import ApusCore
internal import ArgumentParser

/// `apus models`: what the server has, in which state and why.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List the models of a running server, or say what a version consists of.",
        discussion: """
            EXAMPLES
              apus models
              apus models iris/3
              apus models --url http://10.0.0.5:8000
              apus models --json | jq '.[] | select(.state != "READY")'
            """
    )

    @Argument(
        help: ArgumentHelp("A version, loaded or not: its files, digests, time and source.", valueName: "model/n")
    )
    var version: String?

    @OptionGroup
    var server: ServerOptions

    @Flag(help: "Print the repository index as JSON.")
    var json = false

    func validate() throws {
        if let version, ModelsCommand.id(version) == nil {
            throw ValidationError("'\(version)' names no version; expected for example iris/3")
        }
    }

    func run() async throws {
        if let id = version.flatMap(ModelsCommand.id) {
            let document = try await server.withConnection { connection in
                try await connection.manifest(of: id.name, version: id.version)
            }
            return print(String(decoding: document.encoded, as: UTF8.self))
        }
        let entries = try await server.withConnection { connection in try await connection.index() }
        print(json ? ModelTable.json(entries) : ModelTable.text(entries), terminator: "")
    }

    private static func id(_ text: String) -> ModelID? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let name = ModelName(String(parts[0])),
            let version = ModelVersion(parsing: String(parts[1]))
        else { return nil }
        return ModelID(name: name, version: version)
    }
}
