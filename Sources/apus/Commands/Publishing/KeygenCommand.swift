internal import ApusCore
internal import ApusServer
internal import ApusStorage
internal import ArgumentParser

/// `apus keygen`: makes keys to sign and to encrypt with.
struct KeygenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make a key pair to sign versions with (FILE and FILE.pub), or a key to encrypt them with.",
        discussion: """
            FILE is the publisher's alone; FILE.pub goes to the servers and to whoever verifies.

            EXAMPLES
              apus keygen publisher.pem
              export APUS_KEY_TEAM_1=$(apus keygen --encryption)
            """
    )

    @Argument(help: "The private key's file, which must be new.")
    var file: String?

    @Flag(help: "Print a key to encrypt with.")
    var encryption = false

    func validate() throws {
        guard encryption == (file == nil) else {
            throw ValidationError(
                "name the key's file, as in 'apus keygen publisher.pem', or give --encryption, which prints a key and takes "
                    + "no file"
            )
        }
    }

    func run() async throws {
        guard let file else { return print(EncryptionKey.makeText()) }
        let id = try await StoreOptions.run { _ in
            let path = PublishingSession.absolute(file)
            let key = SigningKey.make()
            try key.write(to: path, on: SystemFiles(), publicOn: SystemFiles(isPrivate: false))
            return key.publicKey.id
        }
        print("key \(id): private '\(file)', public '\(file).pub'")
    }
}
