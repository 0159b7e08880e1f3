import ApusCore
import ApusProtocol
import ApusStorage
import ApusTesting
import Testing

struct SignaturePolicyTests {
    private func policy(_ demand: SignaturePolicy.Demand) throws -> SignaturePolicy {
        SignaturePolicy(demand, trusted: try SignedManifests.trusted())
    }

    private func verify(_ text: String, _ policy: SignaturePolicy) -> Result<VersionManifest, StorageError> {
        do throws(StorageError) {
            let read = try VersionManifest.read(Array(text.utf8), expecting: SignedManifests.version)
            return .success(try policy.verify(read))
        } catch {
            return .failure(error)
        }
    }

    private func expectRefusal(
        _ result: Result<VersionManifest, StorageError>,
        _ code: StorageError.Code,
        _ words: String
    ) {
        guard case .failure(let error) = result else {
            Issue.record("passed; \(words) was expected")
            return
        }
        #expect(error.code == code)
        #expect(error.message.contains("iris/3/apus-manifest.json"), "\(error.message)")
        #expect(error.message.contains(words), "\(error.message)")
    }

    @Test func `a signed manifest passes, and openssl would sign it the same`() throws {
        let text = try SignedManifests.signedText()
        #expect(
            text.hasSuffix(
                ",\n  \"signature\": {\"key\": \"4d76bf44508bef27\", \"ed25519\": \"\(SignedManifests.signature)\"}\n}\n"
            )
        )
        #expect(try verify(text, policy(.required)).get() == SignedManifests.manifest)
        #expect(try verify(text, policy(.none)).get() == SignedManifests.manifest)
        #expect(try verify(text, .open).get() == SignedManifests.manifest)
    }

    @Test func `an unsigned one passes only where no signature is demanded`() throws {
        let text = String(decoding: try SignedManifests.manifest.text(), as: UTF8.self)
        #expect(try verify(text, policy(.none)).get() == SignedManifests.manifest)
        expectRefusal(verify(text, try policy(.required)), .untrusted, "has no signature")
    }

    @Test func `a key that nobody trusts is named`() throws {
        let key = SigningKey.make()
        let text = String(decoding: try SignedManifests.manifest.text(signedWith: key), as: UTF8.self)
        for demand in [SignaturePolicy.Demand.required, .none] {
            expectRefusal(verify(text, try policy(demand)), .untrusted, key.publicKey.id)
        }
        #expect(try verify(text, .open).get() == SignedManifests.manifest)
        let nobody = SignaturePolicy(.required, trusted: TrustedKeys())
        expectRefusal(verify(text, nobody), .untrusted, "none is trusted")
    }

    @Test func `what was changed after it was signed is refused`() throws {
        let text = try SignedManifests.signedText()
        for (from, to) in [
            ("\"size\": 2", "\"size\": 3"), ("\"created\": 1795300000", "\"created\": 1795300001"),
            ("\"metadata\": {}", "\"metadata\": {\"a\": 1}"), ("{\n", "{ \n"), ("Hd+w", "Hd+x"),
        ] {
            expectRefusal(verify(text.replacingOnce(from, to), try policy(.required)), .untrusted, "doesn't fit")
        }
    }

    @Test func `nothing can stand behind or beside the signature`() throws {
        let text = try SignedManifests.signedText()
        for (from, to) in [
            ("\"}\n}\n", "\"},\n  \"later\": 1\n}\n"), ("\"}\n}\n", "\"}\n}\n\n"), ("\"}\n}\n", "\", \"x\": 1}\n}\n"),
            (",\n  \"signature\"", ", \"signature\""), ("\"ed25519\": \"H", "\"ed25519\":\"H"),
            ("4d76bf44508bef27", "4D76BF44508BEF27"), ("kp2FBi6QBw==", "kp2FBi6QBw"), ("kp2FBi6QBw==", ""),
        ] {
            expectRefusal(verify(text.replacingOnce(from, to), try policy(.required)), .damaged, "signature")
        }
        let twice = text.replacingOnce("  \"files\"", "  \"signature\": 1,\n  \"files\"")
        expectRefusal(verify(twice, try policy(.required)), .damaged, "twice")
    }

    @Test func `a signature's look-alike inside of the document counts for nothing`() throws {
        var manifest = SignedManifests.manifest
        manifest.metadata = [
            .init("note", .string(",\n  \"signature\": {\"key\": \"4d76bf44508bef27\"}\n}\n")),
            .init("signature", .string("x")),
        ]
        let text = String(decoding: try manifest.text(), as: UTF8.self)
        expectRefusal(verify(text, try policy(.required)), .untrusted, "has no signature")
        let signed = String(decoding: try manifest.text(signedWith: SignedManifests.signingKey()), as: UTF8.self)
        #expect(try verify(signed, policy(.required)).get() == manifest)
    }

    @Test func `no flipped bit passes`() throws {
        let text = Array(try SignedManifests.signedText().utf8)
        let policy = try policy(.required)
        for index in text.indices {
            var changed = text
            changed[index] ^= 1 << UInt8(index % 8)
            let read = try? VersionManifest.read(changed, expecting: SignedManifests.version)
            if let read { #expect(throws: StorageError.self) { try policy.verify(read) } }
        }
    }

    @Test func `a signed manifest of another version doesn't stand in`() throws {
        let text = Array(try SignedManifests.signedText().utf8)
        let other = ModelID(name: ModelName("iris")!, version: ModelVersion(4)!)
        #expect(throws: StorageError.self) { try VersionManifest.read(text, expecting: other) }
    }
}

struct ManifestHistoryTests {
    private func manifest(created: Int64, framework: String = "") throws -> UnverifiedManifest {
        var manifest = SignedManifests.manifest
        manifest.created = created
        manifest.framework = framework
        return try VersionManifest.read(manifest.text(), expecting: SignedManifests.version)
    }

    @Test func `an older manifest is refused where the policy says so`() throws {
        var history = ManifestHistory()
        let old = try manifest(created: 10)
        try history.see(old, policy: .refuseOlder)
        try history.see(old, policy: .refuseOlder)
        let new = try manifest(created: 20)
        try history.see(new, policy: .refuseOlder)
        #expect(throws: StorageError.self) { try history.see(old, policy: .refuseOlder) }
        #expect(throws: StorageError.self) { try history.see(manifest(created: 19), policy: .refuseOlder) }
        try history.see(manifest(created: 20, framework: "onnx"), policy: .refuseOlder)
        try history.see(old, policy: .allowOlder)
        #expect(history.newest[SignedManifests.version]?.created == 20)
        var kept = ManifestHistory(newest: history.newest)
        #expect(throws: StorageError.self) { try kept.see(old, policy: .refuseOlder) }
    }
}
