internal import ApusCore
internal import ApusServer
internal import ApusStorage
internal import ArgumentParser

/// `apus promote`: lets a label point to a version.
struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Let a label point to a published version; every server follows.",
        discussion: """
            EXAMPLES
              apus promote iris stable 3 --store s3://models
              apus promote iris canary --remove
            """
    )

    @Argument(help: "The model's name.")
    var name: String

    @Argument(help: "The label.")
    var label: String

    @Argument(help: "The version it is to point to.")
    var version: String?

    @Flag(help: "Take the label away.")
    var remove = false

    @OptionGroup
    var store: StoreOptions

    func validate() throws {
        guard remove == (version == nil) else {
            throw ValidationError("give a version, as in 'apus promote iris stable 3', or --remove")
        }
        _ = try (Words.model(name), Words.label(label), version.map(Words.version))
    }

    func run() async throws {
        let (model, label) = (try Words.model(name), try Words.label(label))
        guard let version = try version.map(Words.version) else {
            try await store.withPublisher { try $0.removeLabel(label, of: model) }
            return print("\(model): label '\(label)' is gone")
        }
        let before = try await store.withPublisher { publisher in
            try publisher.promote(ModelID(name: model, version: version), to: label)
        }
        let from = before.map { $0 == version ? "already" : "before: \($0)" } ?? "new"
        print("\(model): label '\(label)' points to version \(version) (\(from))")
    }
}

/// `apus rollback`: lets a label point to where it pointed before.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Let a label point to the version that it pointed to before; every server follows.",
        discussion: """
            Done again, it goes back one step more.

            EXAMPLES
              apus rollback iris stable --store s3://models
            """
    )

    @Argument(help: "The model's name.")
    var name: String

    @Argument(help: "The label.")
    var label: String

    @OptionGroup
    var store: StoreOptions

    func validate() throws {
        _ = try (Words.model(name), Words.label(label))
    }

    func run() async throws {
        let (model, label) = (try Words.model(name), try Words.label(label))
        let version = try await store.withPublisher { try $0.rollBack(label, of: model) }
        print("\(model): label '\(label)' points to version \(version) again")
    }
}
