extension DecryptionKeys {
    /// The plain bytes of a small encrypted file.
    ///
    /// - Parameters:
    ///   - bytes: The stored bytes.
    ///   - file: What the version's manifest says of it.
    ///   - version: The version, for messages: `iris/3`.
    /// - Returns: All of them.
    /// - Throws: What `FileCipher.decrypt` throws.
    package func opened(
        _ bytes: [UInt8],
        _ file: VersionManifest.File,
        of version: String
    ) throws(StorageError) -> [UInt8] {
        var plain: [UInt8] = []
        try FileCipher.decrypt(
            BytesFile(bytes),
            byteCount: bytes.count,
            path: file.path,
            name: "\(version)/\(file.path)",
            keyID: file.encryption?.keyID,
            keys: self
        ) { piece throws(StorageError) in plain += piece }
        return plain
    }
}
