/// What stands before the segments of an encrypted file.
struct CipherHeader: Sendable {
    private static let magic = Array("APUSENC".utf8) + [1]
    private static let proofBytes = 32
    /// The header's size.
    static let byteCount = 8 + 1 + KeyID.maxLength + 32 + 7 + proofBytes

    /// The name of the key.
    let keyID: KeyID
    /// Makes the file's own key another one than that of any other file: 32 bytes.
    var salt = [UInt8](repeating: 0, count: 32)
    /// The beginning of all of the file's nonces: 7 bytes.
    var noncePrefix = [UInt8](repeating: 0, count: 7)
    /// Tells the right key from a wrong one.
    var proof = [UInt8](repeating: 0, count: proofBytes)

    init(keyID: KeyID) {
        self.keyID = keyID
    }

    /// Reads a file's first bytes.
    ///
    /// - Throws: `damaged` when they are no header, `unsupported` for a later form.
    init(_ bytes: [UInt8], name: String) throws(StorageError) {
        guard bytes.count == CipherHeader.byteCount, bytes.starts(with: CipherHeader.magic.dropLast()) else {
            throw StorageError(.damaged, "'\(name)' should be encrypted, but doesn't begin like an encrypted file")
        }
        guard bytes[7] == CipherHeader.magic[7] else {
            throw StorageError(.unsupported, "'\(name)' is encrypted in form \(bytes[7]); this Apus reads form 1")
        }
        let field = bytes[9..<9 + KeyID.maxLength]
        let length = Int(bytes[8])
        guard length <= KeyID.maxLength, field.dropFirst(length).allSatisfy({ $0 == 0 }),
            let keyID = KeyID(String(decoding: field.prefix(length), as: UTF8.self))
        else { throw StorageError(.damaged, "'\(name)' names no key in its header") }
        self.keyID = keyID
        let rest = bytes.dropFirst(9 + KeyID.maxLength)
        self.salt = Array(rest.prefix(32))
        self.noncePrefix = Array(rest.dropFirst(32).prefix(7))
        self.proof = Array(rest.dropFirst(39))
    }

    /// The part that is bound into the file's key.
    var bound: [UInt8] {
        let name = Array(keyID.description.utf8)
        let filling = [UInt8](repeating: 0, count: KeyID.maxLength - name.count)
        return CipherHeader.magic + [UInt8(name.count)] + name + filling + salt + noncePrefix
    }

    /// The header as it is stored.
    var bytes: [UInt8] { bound + proof }
}
