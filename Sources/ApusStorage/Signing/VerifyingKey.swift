internal import ApusProtocol
internal import Crypto

/// A public key that signatures are checked with: Ed25519 (RFC 8032).
package struct VerifyingKey: Sendable, Hashable {
    /// The first bytes of a public key (RFC 8410, section 4), before the 32 bytes of the key.
    private static let prefix: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]

    /// The key's name in signatures: the first 16 hexadecimal digits of the SHA-256 of its bytes.
    package let id: String
    private let bytes: [UInt8]

    /// Takes 32 bytes; `nil` when they aren't a key.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32, (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)) != nil else {
            return nil
        }
        self.bytes = bytes
        self.id = String(SHA256Digest(of: bytes).hex.prefix(16))
    }

    /// Reads all keys of a PEM text, as `apus keygen` and `openssl pkey -pubout` write them.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - name: Where it came from, for messages.
    /// - Returns: The keys, in their order; at least one.
    /// - Throws: `invalid` when there is none, or one that isn't of Ed25519, or a private one.
    package static func keys(pem text: [UInt8], name: String) throws(StorageError) -> [VerifyingKey] {
        let advice = "'apus keygen' or 'openssl pkey -in KEY -pubout' writes one"
        guard let blocks = PEM.blocks(of: text), !blocks.isEmpty else {
            throw StorageError(.invalid, "'\(name)' is no PEM file with a public key: \(advice)")
        }
        var keys: [VerifyingKey] = []
        for block in blocks {
            guard !block.label.hasSuffix("PRIVATE KEY") else {
                throw StorageError(
                    .invalid,
                    "'\(name)' holds a private key, which belongs to the publisher alone; put its public key here: \(advice)"
                )
            }
            guard block.label == "PUBLIC KEY", block.bytes.count == prefix.count + 32, block.bytes.starts(with: prefix),
                let key = VerifyingKey(bytes: Array(block.bytes.suffix(32)))
            else { throw StorageError(.invalid, "'\(name)' holds a key that is none of Ed25519: \(advice)") }
            keys.append(key)
        }
        return keys
    }

    /// The key as a PEM text (SubjectPublicKeyInfo).
    package var pem: String {
        PEM.text("PUBLIC KEY", VerifyingKey.prefix + bytes)
    }

    /// Whether a signature over these bytes was made with the private key of this one.
    func isValid(_ signature: ManifestSignature, over signed: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
        return key.isValidSignature(signature.bytes, for: signed)
    }
}
