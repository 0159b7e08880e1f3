extension ReadableFile {
    /// The bytes at an offset: all of them, or fewer at the file's end.
    func bytes(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let outcome = unsafe bytes.withUnsafeMutableBytes { buffer in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                return Result { () throws(StorageError) in try unsafe read(into: rest, at: offset + filled) }
            }
            let count = try outcome.get()
            guard count > 0 else { break }
            filled += count
        }
        bytes.removeLast(count - filled)
        return bytes
    }
}

extension WritableFile {
    /// Writes all bytes of another file from the beginning.
    package func copy(from file: any ReadableFile) throws(StorageError) {
        var offset = 0
        try unsafe file.readPieces(from: 0) { piece throws(StorageError) in
            try unsafe write(piece, at: offset)
            offset += piece.count
        }
    }

    /// Writes all bytes at an offset.
    func writeAll(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
        let outcome = unsafe bytes.withUnsafeBytes { buffer in
            Result { () throws(StorageError) in try unsafe write(buffer, at: offset) }
        }
        try outcome.get()
    }
}
