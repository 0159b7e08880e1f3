import ApusStorage
import Testing

struct SigningKeyTests {
    private func refusal(_ text: String) -> String? {
        do throws(StorageError) {
            _ = try SigningKey(pem: Array(text.utf8), name: "key.pem")
            return nil
        } catch {
            return error.message
        }
    }

    @Test func `openssl's keys are read and written as it writes them`() throws {
        let key = try SignedManifests.signingKey()
        #expect(key.pem == SignedManifests.privateKey)
        #expect(key.publicKey.pem == SignedManifests.publicKey)
        #expect(key.publicKey.id == SignedManifests.keyID)
        #expect(try SignedManifests.trusted().ids == [SignedManifests.keyID])
    }

    @Test func `a new key comes back out of its files`() throws {
        let key = SigningKey.make()
        #expect(try SigningKey(pem: Array(key.pem.utf8), name: "k").publicKey == key.publicKey)
        #expect(try VerifyingKey.keys(pem: Array(key.publicKey.pem.utf8), name: "k") == [key.publicKey])
        #expect(SigningKey.make().publicKey != key.publicKey)
    }

    @Test func `a key shows nothing of itself`() throws {
        let key = try SignedManifests.signingKey()
        #expect("\(key)".contains("***"))
    }

    @Test(arguments: [
        "", "hello", "-----BEGIN PRIVATE KEY-----\nMC4C", "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----",
        SignedManifests.publicKey, SignedManifests.privateKey + SignedManifests.privateKey,
        """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDnB/VJVzuCOu2uzJ
        SyxR12yBFsFJHp4XIqMV03zDbaChRANCAAQs0zXlPR6zAoqiNikyQ9XdzHBW8DM4
        AlC76ZLtsQJEJFI1kLPeZ99j7L2s1JBFs5Y4lEGh3cBGoDxHRURqdu8r
        -----END PRIVATE KEY-----
        """,
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGb\n-----END ENCRYPTED PRIVATE KEY-----",
    ])
    func `what is no private key of Ed25519 is refused with how to make one`(_ text: String) throws {
        let message = try #require(refusal(text))
        #expect(message.contains("key.pem"))
        #expect(message.contains("apus keygen"))
    }

    @Test func `trusted keys come from folders and files`() throws {
        let folder = TemporaryFolder()
        let other = SigningKey.make().publicKey
        let file = try folder.write("keys/a.pem", SignedManifests.publicKey)
        try folder.write("keys/b.pub", "# Ben's\n" + other.pem)
        try folder.write("keys/readme.txt", "no key")
        #expect(try TrustedKeys(paths: [file]).ids == [SignedManifests.keyID])
        #expect(try TrustedKeys(paths: ["\(folder.path)/keys"]).ids == [SignedManifests.keyID, other.id].sorted())
        #expect(throws: StorageError.self) { try TrustedKeys(paths: [folder.path]) }
        #expect(throws: StorageError.self) { try TrustedKeys(paths: ["\(folder.path)/absent"]) }
        try folder.write("keys/c.pem", SignedManifests.privateKey)
        #expect(throws: StorageError.self) { try TrustedKeys(paths: ["\(folder.path)/keys"]) }
    }
}
