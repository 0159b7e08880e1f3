/// Writes a tar archive into a file, entry after entry.
struct TarWriter {
    private let file: any WritableFile
    private let time: Int64
    private(set) var offset = 0

    /// Starts an archive; `time` is that of all entries.
    init(_ file: any WritableFile, time: Int64) {
        self.file = file
        self.time = time
    }

    /// Appends a file and computes the digest of its bytes on the way.
    ///
    /// - Throws: `changed` when it hasn't the size that was said.
    mutating func append(
        _ name: String,
        _ contents: any ReadableFile,
        byteCount: Int
    ) throws(StorageError) {
        try begin(name, byteCount: byteCount)
        let start = offset
        let end = try unsafe contents.readPieces(from: 0) { piece throws(StorageError) in
            guard offset - start + piece.count <= byteCount else {
                throw StorageError(.changed, "'\(name)' grew while it was archived")
            }
            try unsafe file.write(piece, at: offset)
            offset += piece.count
        }
        guard end == byteCount else { throw StorageError(.changed, "'\(name)' became shorter while it was archived") }
        try pad(byteCount)
    }

    /// Appends a small file.
    mutating func append(_ name: String, _ bytes: [UInt8]) throws(StorageError) {
        try begin(name, byteCount: bytes.count)
        try file.write(bytes, at: offset)
        offset += bytes.count
        try pad(bytes.count)
    }

    /// Ends the archive; the file isn't synced here.
    mutating func finish() throws(StorageError) {
        let end = [UInt8](repeating: 0, count: 2 * TarHeader.blockBytes)
        try file.write(end, at: offset)
        offset += end.count
    }

    private mutating func begin(_ name: String, byteCount: Int) throws(StorageError) {
        let header = TarHeader.bytes(name: name, byteCount: byteCount, time: time)
        try file.write(header, at: offset)
        offset += header.count
    }

    private mutating func pad(_ byteCount: Int) throws(StorageError) {
        let filling = [UInt8](repeating: 0, count: TarHeader.paddedCount(byteCount) - byteCount)
        try file.write(filling, at: offset)
        offset += filling.count
    }
}
