internal import Crypto

/// Seals and opens the segments of one file.
struct FileSegments {
    private let key: SymmetricKey
    private let noncePrefix: [UInt8]
    /// Depends on the key, the header and the path, and gives nothing away of them.
    let proof: [UInt8]

    /// Derives the file's own key.
    init(header: CipherHeader, path: String, key: Secret<[UInt8]>) {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: key.reveal),
            salt: header.salt,
            info: Array("apus-file".utf8) + header.bound + Array(path.utf8),
            outputByteCount: 64
        )
        let bytes = unsafe derived.withUnsafeBytes { unsafe Array($0) }
        self.key = SymmetricKey(data: Array(bytes.prefix(32)))
        self.proof = Array(bytes.suffix(32))
        self.noncePrefix = header.noncePrefix
    }

    /// Whether a header's proof is that of this key; takes as long for any bytes.
    func hasProof(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == proof.count else { return false }
        return zip(bytes, proof).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// Encrypts a segment; its tag comes last.
    func seal(_ plain: [UInt8], number: Int, isLast: Bool) throws(StorageError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(plain, using: key, nonce: try nonce(number, isLast))
            return Array(box.ciphertext) + Array(box.tag)
        } catch {
            throw StorageError(.system, "a segment couldn't be encrypted", cause: error)
        }
    }

    /// Decrypts a segment; `nil` when it isn't what was sealed under this number.
    func open(_ sealed: [UInt8], number: Int, isLast: Bool) -> [UInt8]? {
        guard sealed.count >= FileCipher.tagBytes, let nonce = try? nonce(number, isLast) else { return nil }
        let count = sealed.count - FileCipher.tagBytes
        guard
            let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: sealed[..<count], tag: sealed[count...]),
            let plain = try? AES.GCM.open(box, using: key)
        else { return nil }
        return Array(plain)
    }

    private func nonce(_ number: Int, _ isLast: Bool) throws -> AES.GCM.Nonce {
        guard let number = UInt32(exactly: number) else {
            throw StorageError(.tooLarge, "a file has more than \(FileCipher.maxPlainBytes) bytes")
        }
        let counter = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        return try AES.GCM.Nonce(data: noncePrefix + counter + [isLast ? 1 : 0])
    }
}
