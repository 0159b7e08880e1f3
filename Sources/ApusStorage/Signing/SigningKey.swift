internal import ApusProtocol
internal import Crypto

/// A private key that manifests are signed with: Ed25519 (RFC 8032).
package struct SigningKey: Sendable {
    /// The first bytes of a private key in PKCS #8 (RFC 8410, section 7), before the 32 bytes of the key.
    private static let prefix: [UInt8] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]

    private let seed: Secret<[UInt8]>
    /// What tells others that a manifest was signed with this key.
    package let publicKey: VerifyingKey

    /// Makes a new key.
    package static func make() -> SigningKey {
        // A key that was just made is valid.
        try! SigningKey(seed: Array(Curve25519.Signing.PrivateKey().rawRepresentation))!
    }

    /// Reads a PEM text, as `apus keygen` and `openssl genpkey -algorithm ed25519` write it.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - name: Where it came from, for messages.
    /// - Throws: `invalid` when it is anything else than one private key of Ed25519 without a password.
    package init(pem text: [UInt8], name: String) throws(StorageError) {
        let advice = "make one with 'apus keygen' or 'openssl genpkey -algorithm ed25519'"
        guard let blocks = PEM.blocks(of: text), let block = blocks.first else {
            throw StorageError(.invalid, "'\(name)' is no PEM file with a private key: \(advice)")
        }
        guard block.label == "PRIVATE KEY", blocks.count == 1 else {
            let came = DocumentMembers.excerpt(block.label, limit: 40)
            throw StorageError(
                .invalid,
                "'\(name)' should hold one PRIVATE KEY without a password; \(came) came: \(advice)"
            )
        }
        guard block.bytes.count == SigningKey.prefix.count + 32, block.bytes.starts(with: SigningKey.prefix),
            let key = try? SigningKey(seed: Array(block.bytes.suffix(32)))
        else {
            throw StorageError(.invalid, "the private key in '\(name)' is none of Ed25519: \(advice)")
        }
        self = key
    }

    /// The key as a PEM text (PKCS #8).
    package var pem: String {
        PEM.text("PRIVATE KEY", SigningKey.prefix + seed.reveal)
    }

    /// Writes the private key to a new file that only its owner reads, and the public one beside it, with `.pub`.
    ///
    /// - Parameters:
    ///   - path: The private key's file.
    ///   - files: Where it lies, with files that only their owner reads.
    ///   - publicFiles: The same place with files that others may read too.
    /// - Throws: `conditionFailed` when one of the files is there already.
    package func write(
        to path: String,
        on files: any FileSystem,
        publicOn publicFiles: any FileSystem
    ) throws(StorageError) {
        for (path, text, place) in [(path, pem, files), ("\(path).pub", publicKey.pem, publicFiles)] {
            let file = try place.open(path, .new)
            try file.write(Array(text.utf8))
            try file.sync()
        }
        try files.syncFolder(DurableFiles.parent(of: path))
    }

    /// The text of a manifest, signed with this key.
    func text(of manifest: VersionManifest) throws(StorageError) -> [UInt8] {
        let signed = ManifestSignature.signedBytes(ofUnsigned: try manifest.text())
        do {
            let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed.reveal)
            let signature = ManifestSignature(keyID: publicKey.id, bytes: Array(try key.signature(for: signed)))
            return signature.text(after: signed)
        } catch {
            throw StorageError(.system, "the manifest couldn't be signed", cause: error)
        }
    }

    private init?(seed: [UInt8]) throws {
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        guard let publicKey = VerifyingKey(bytes: Array(key.publicKey.rawRepresentation)) else { return nil }
        self.seed = Secret(seed)
        self.publicKey = publicKey
    }
}

extension VersionManifest {
    /// The manifest's text, signed when there is a key.
    package func text(signedWith key: SigningKey?) throws(StorageError) -> [UInt8] {
        guard let key else { return try text() }
        return try key.text(of: self)
    }
}
