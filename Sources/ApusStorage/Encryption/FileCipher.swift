internal import ApusProtocol

/// Encrypts files with AES-256-GCM, segment by segment, in the manner of Tink's streaming AEAD.
///
/// A stored file is a header and segments:
///
/// | Bytes | What |
/// |---|---|
/// | 8 | `APUSENC` and the form, 1 |
/// | 1 + 64 | the length of the key's name, and the name, filled up with zeros |
/// | 32 | salt |
/// | 7 | nonce prefix |
/// | 32 | proof of the key: a second output of the derivation below, so that a wrong key is told from a damaged file |
/// | … | segments of 1 MiB plain bytes, the last one shorter (an empty file has an empty one), each with a tag of 16 |
///
/// The file's own key comes out of HKDF-SHA256 (RFC 5869) of the named key, with the salt; the header up to the prefix and
/// the path in the version are its info, so a file can't stand in for another one. The nonce is the prefix, the segment's
/// number (4 bytes, big-endian) and 1 for the last segment, so segments can't be left out, moved or cut off.
package enum FileCipher {
    /// The plain bytes of a segment.
    package static let segmentBytes = 1 << 20
    /// The bytes of a segment's tag.
    static let tagBytes = 16
    /// The most plain bytes: the segments' number has 4 bytes.
    package static let maxPlainBytes = segmentBytes << 32

    /// How many bytes an encrypted file has; for at most `maxPlainBytes`.
    package static func sealedByteCount(ofPlain byteCount: Int) -> Int {
        CipherHeader.byteCount + byteCount + segmentCount(ofPlain: byteCount) * tagBytes
    }

    /// How many segments so many plain bytes have.
    static func segmentCount(ofPlain byteCount: Int) -> Int {
        max(1, (max(0, byteCount) - 1) / segmentBytes + 1)
    }

    /// Encrypts a file into another one, which isn't synced here.
    ///
    /// - Parameters:
    ///   - file: The plain bytes.
    ///   - byteCount: How many they are.
    ///   - target: Receives header and segments from its beginning on.
    ///   - path: The file's path in its version, bound in.
    ///   - key: What it is encrypted with, and its name.
    /// - Returns: How many bytes were written.
    /// - Throws: `changed` when the file has another size.
    package static func encrypt(
        _ file: any ReadableFile,
        byteCount: Int,
        into target: any WritableFile,
        path: String,
        key: EncryptionKey
    ) throws(StorageError) -> Int {
        var random = SystemRandomNumberGenerator()
        var header = CipherHeader(keyID: key.id)
        header.salt = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
        header.noncePrefix = (0..<7).map { _ in UInt8.random(in: 0...255, using: &random) }
        let segments = FileSegments(header: header, path: path, key: key.secret)
        header.proof = segments.proof
        try target.write(header.bytes, at: 0)
        var offset = CipherHeader.byteCount
        let count = segmentCount(ofPlain: byteCount)
        for number in 0..<count {
            let start = number * segmentBytes
            let plain = try file.bytes(at: start, count: min(segmentBytes, byteCount - start))
            guard plain.count == min(segmentBytes, byteCount - start) else {
                throw StorageError(.changed, "'\(path)' became shorter while it was encrypted: push it again")
            }
            let sealed = try segments.seal(plain, number: number, isLast: number == count - 1)
            try target.write(sealed, at: offset)
            offset += sealed.count
        }
        return offset
    }

    /// Decrypts a file, one segment after the other.
    ///
    /// - Parameters:
    ///   - file: The stored bytes.
    ///   - byteCount: How many they are.
    ///   - path: The file's path in its version, as it was bound in.
    ///   - name: What the file is called in messages: `iris/3/model.onnx`.
    ///   - keyID: The name of the key that the version's manifest says; `nil` where no manifest is known.
    ///   - keys: Where the key is looked for by the name in the header.
    ///   - sink: Receives the plain bytes of each segment when its tag has been found right; the file is whole and right
    ///     only when this function returns.
    /// - Throws: `undecryptable` when the key isn't there or is another one, `damaged` for changed, cut or moved bytes.
    package static func decrypt(
        _ file: any ReadableFile,
        byteCount: Int,
        path: String,
        name: String,
        keyID: String? = nil,
        keys: DecryptionKeys,
        into sink: ([UInt8]) throws(StorageError) -> Void
    ) throws(StorageError) {
        let start = try file.bytes(at: 0, count: min(byteCount, CipherHeader.byteCount))
        let header = try CipherHeader(start, name: name)
        guard keyID == nil || keyID == header.keyID.description else {
            throw StorageError(
                .damaged,
                "'\(name)' is encrypted with the key '\(header.keyID)', but its manifest says '\(keyID ?? "")': "
                    + "publish the version again"
            )
        }
        let segments = FileSegments(header: header, path: path, key: try keys.key(header.keyID, for: name))
        guard segments.hasProof(header.proof) else {
            throw StorageError(
                .undecryptable,
                "'\(name)' wasn't encrypted with the key '\(header.keyID)' that is at hand, or it lies at another path "
                    + "than '\(path)': give the key that it was pushed with"
            )
        }
        let sealedBytes = segmentBytes + tagBytes
        let body = byteCount - CipherHeader.byteCount
        let count = max(1, (body - 1) / sealedBytes + 1)
        for number in 0..<count {
            let offset = CipherHeader.byteCount + number * sealedBytes
            let sealed = try file.bytes(at: offset, count: min(sealedBytes, byteCount - offset))
            guard let plain = segments.open(sealed, number: number, isLast: number == count - 1) else {
                throw StorageError(
                    .damaged,
                    "'\(name)' is damaged: segment \(number + 1) of \(count) isn't what was encrypted (changed, moved or cut)"
                )
            }
            try sink(plain)
        }
    }
}

/// A key to encrypt with, and its name.
package struct EncryptionKey: Sendable {
    /// Its name, which stands in the file's header and in the manifest.
    package let id: KeyID
    /// Its 32 bytes.
    let secret: Secret<[UInt8]>

    /// The text of a new key, in base64.
    package static func makeText() -> String {
        var random = SystemRandomNumberGenerator()
        return Base64.text(of: (0..<DecryptionKeys.keyBytes).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    /// Takes a key of 32 bytes; `nil` for another length.
    package init?(id: KeyID, secret: Secret<[UInt8]>) {
        guard secret.reveal.count == DecryptionKeys.keyBytes else { return nil }
        self.id = id
        self.secret = secret
    }
}
