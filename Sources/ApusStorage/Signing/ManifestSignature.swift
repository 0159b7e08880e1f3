internal import ApusProtocol

/// The signature at a manifest's end: Ed25519 (RFC 8032) over the bytes before its last member.
///
/// The writer puts that member on a line of its own. A raw line break can't stand inside of a JSON string and nothing but
/// the signature may follow, so the place is unambiguous, and nothing has to be brought into a canonical form.
package struct ManifestSignature: Sendable, Hashable {
    /// The member's name.
    static let member = "signature"
    /// What stands between the signed bytes and the signature.
    static let marker = Array(",\n  \"signature\": ".utf8)
    /// The most bytes that the member takes.
    static let maxMemberBytes = 256

    /// Which key it was made with: the first 16 hexadecimal digits of the SHA-256 of the public key's 32 bytes.
    package let keyID: String
    /// The signature's 64 bytes.
    let bytes: [UInt8]

    /// The text of a manifest with this signature in the place of its end.
    func text(after signed: [UInt8]) -> [UInt8] {
        signed + tail
    }

    /// The bytes of a manifest's text that a signature is over: all but the brace at its end.
    static func signedBytes(ofUnsigned text: [UInt8]) -> [UInt8] {
        Array(text.dropLast(ending.count))
    }

    /// Finds the signature at a manifest's end.
    ///
    /// - Throws: `damaged` when there is one that doesn't stand alone at the end, in the form that writers give it.
    static func split(
        _ bytes: [UInt8],
        _ document: DocumentMembers
    ) throws(StorageError) -> (signature: ManifestSignature?, bytes: [UInt8]) {
        guard document.members.contains(where: { $0.key == member }) else { return (nil, bytes) }
        let misplaced = StorageError(
            .damaged,
            "\(document.place): the signature should be the last member, on a line of its own, and nothing after it"
        )
        guard let last = document.members.last, last.key == member else { throw misplaced }
        let fields = try DocumentMembers(last.value, place: "\(document.place), \(member)")
        let keyID = try fields.text("key")
        guard let raw = Base64.bytes(of: try fields.text("ed25519")), raw.count == 64, isKeyID(keyID) else {
            throw StorageError(
                .damaged,
                "\(fields.place) should be a key's id and the 64 bytes of a signature in base64"
            )
        }
        let signature = ManifestSignature(keyID: keyID, bytes: raw)
        let tail = signature.tail
        guard bytes.count > tail.count, bytes.suffix(tail.count).elementsEqual(tail) else { throw misplaced }
        return (signature, Array(bytes.dropLast(tail.count)))
    }

    /// Whether a text has a key id's form.
    static func isKeyID(_ text: String) -> Bool {
        text.utf8.count == 16
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    private static let ending = Array("\n}\n".utf8)

    private var tail: [UInt8] {
        let value = JSONValue.object([
            .init("key", .string(keyID)), .init("ed25519", .string(Base64.text(of: bytes))),
        ])
        return ManifestSignature.marker + ReadableJSON.line(of: value) + ManifestSignature.ending
    }
}
