internal import ApusCore
internal import ApusServer
internal import ApusStorage
internal import ArgumentParser

/// `apus pull`: brings a version into a folder.
struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Bring a published version into a folder, every file checked.",
        discussion: """
            Encrypted files are decrypted with --decrypt, and stay as they are without.

            EXAMPLES
              apus pull iris --into ./iris --store s3://models
              apus pull iris 3 --into ./iris-3 --trusted-keys keys/
              apus pull iris stable --into ./iris --decrypt --key-file keys.txt
            """
    )

    @Argument(help: "The model's name.")
    var name: String

    @Argument(help: "A version or a label; the newest version when left out.")
    var version: String?

    @Option(help: ArgumentHelp("The folder, which is new or empty.", valueName: "dir"))
    var into: String

    @Flag(help: "Decrypt encrypted files.")
    var decrypt = false

    @OptionGroup
    var store: StoreOptions

    @OptionGroup
    var trust: TrustOptions

    @OptionGroup
    var keys: KeyOptions

    func validate() throws {
        _ = try Words.selector(name, version)
    }

    func run() async throws {
        let selector = try Words.selector(name, version)
        let message = try await store.withPublisher { [self] publisher in
            let id = try publisher.version(selector)
            let folder = PublishingSession.absolute(into)
            let manifest = try publisher.pull(id, into: folder, policy: trust.policy(), keys: decrypt ? keys.keys : nil)
            let isSealed = !decrypt && manifest.files.contains { $0.encryption != nil }
            return "\(id) is in '\(into)': \(Words.count(manifest.files.count, "file")), checked"
                + (isSealed ? "; encrypted as they are in the store, --decrypt brings them in plain" : "")
        }
        print(message)
    }
}
