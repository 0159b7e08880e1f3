import ApusStorage
import Testing

struct DecryptionKeysTests {
    private static let id = KeyID("team-1.a")!
    private static let hex = String(repeating: "0f", count: 32)
    private static let base64 = String(repeating: "A", count: 43) + "="

    private func refusal(_ keys: DecryptionKeys) -> StorageError? {
        do throws(StorageError) {
            _ = try keys.key(DecryptionKeysTests.id, for: "iris/3/model.onnx")
            return nil
        } catch {
            return error
        }
    }

    @Test func `no name of a key can be taken for an option`() {
        #expect(KeyID("-k") == nil)
        #expect(KeyID("k-1") != nil)
    }

    @Test(arguments: [hex, base64, " \(hex)\n"])
    func `the environment holds keys in base64 or hex`(_ text: String) throws {
        let keys = DecryptionKeys(environment: ["APUS_KEY_TEAM_1_A": text])
        #expect(refusal(keys) == nil)
        #expect(try keys.encryptionKey(DecryptionKeysTests.id).id == DecryptionKeysTests.id)
    }

    @Test(arguments: ["", "0f", String(repeating: "0g", count: 32), String(repeating: "A", count: 44)])
    func `what is no key is refused without showing it`(_ text: String) throws {
        let error = try #require(refusal(DecryptionKeys(environment: ["APUS_KEY_TEAM_1_A": text])))
        #expect(error.code == .undecryptable)
        #expect(error.message.contains("APUS_KEY_TEAM_1_A"))
        #expect(text.isEmpty || !error.message.contains(text) || text == "0f")
    }

    @Test func `a missing key is named with what to do`() throws {
        let error = try #require(refusal(.none))
        #expect(error.message.contains("iris/3/model.onnx"))
        #expect(error.message.contains("APUS_KEY_TEAM_1_A"))
    }

    @Test func `a file has a line for each key`() throws {
        let folder = TemporaryFolder()
        let path = try folder.write(
            "keys",
            "# ours\nother = \(DecryptionKeysTests.base64)\nteam-1.a = \(DecryptionKeysTests.hex)\n"
        )
        #expect(refusal(DecryptionKeys(environment: [:], file: path)) == nil)
        let without = try folder.write("none", "other = \(DecryptionKeysTests.base64)\n")
        #expect(refusal(DecryptionKeys(environment: [:], file: without))?.code == .undecryptable)
        #expect(refusal(DecryptionKeys(environment: [:], file: folder.path))?.code == .invalid)
        #expect(refusal(DecryptionKeys(environment: [:], file: "\(folder.path)/absent"))?.code == .notFound)
    }

    @Test func `a command prints the key and gets its name`() throws {
        let hex = DecryptionKeysTests.hex
        #expect(refusal(DecryptionKeys(environment: [:], command: ["printf", "%.0s\(hex)"])) == nil)
        // No shell: what looks like one is a word.
        #expect(refusal(DecryptionKeys(environment: [:], command: ["echo", "$(echo \(hex))"])) != nil)
    }

    @Test func `a command that fails, hangs, talks too much or isn't there is refused`() throws {
        for command in [["false"], ["/absent/program"], ["yes"], ["printf", "short"]] {
            let error = try #require(refusal(DecryptionKeys(environment: [:], command: command)))
            #expect(error.code == .undecryptable)
            #expect(error.message.contains(command[0]))
        }
        let keys = DecryptionKeys(environment: [:], command: ["tail", "-f", "/dev/null"], deadline: .milliseconds(50))
        #expect(refusal(keys)?.message.contains("took longer") == true)
    }

    @Test func `a secret shows nothing of itself`() {
        let secret = Secret([1, 2, 3])
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])", "\(Optional(secret) as Any)"] {
            #expect(text.contains("***"))
            #expect(!text.contains("2"))
        }
    }
}
