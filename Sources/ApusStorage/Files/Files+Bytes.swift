internal import Crypto

/// How many bytes are moved at a time where a file is copied or read through.
let pieceByteCount = 1 << 20

extension WritableFile {
    /// Writes an array at an offset.
    package func write(_ bytes: [UInt8], at offset: Int = 0) throws(StorageError) {
        guard !bytes.isEmpty else { return }
        // Not `try` inside the closure: the function takes no typed throws.
        let outcome: Result<Void, StorageError> = unsafe bytes.withUnsafeBytes { buffer in
            do throws(StorageError) {
                return .success(try unsafe write(buffer, at: offset))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    /// Writes all bytes of another file from the beginning.
    package func copy(from file: any ReadableFile) throws(StorageError) {
        var offset = 0
        try unsafe file.readPieces(from: 0) { piece throws(StorageError) in
            try unsafe write(piece, at: offset)
            offset += piece.count
        }
    }
}

extension ReadableFile {
    /// Reads a file whole.
    ///
    /// - Parameter byteLimit: The most bytes.
    /// - Returns: All of its bytes, as they are now.
    /// - Throws: `tooLarge` beyond the limit, or why it can't be read.
    package func readAll(byteLimit: Int) throws(StorageError) -> [UInt8] {
        let expected = try byteCount()
        var bytes: [UInt8] = []
        guard expected <= byteLimit else {
            throw StorageError(.tooLarge, "it has \(expected) bytes; the most that is read of it is \(byteLimit)")
        }
        bytes.reserveCapacity(expected)
        try unsafe readPieces(from: 0) { piece throws(StorageError) in
            guard piece.count <= byteLimit - bytes.count else {
                throw StorageError(.tooLarge, "it grew beyond \(byteLimit) bytes while it was read")
            }
            unsafe bytes.append(contentsOf: piece)
        }
        return bytes
    }

    /// Reads a file in pieces to its end, or to another place.
    ///
    /// - Parameters:
    ///   - start: Where to begin.
    ///   - end: Where to stop.
    ///   - body: Takes each piece, which is valid only until it returns.
    /// - Returns: Where the reading stopped.
    /// - Throws: Why it can't be read, or what `body` throws.
    @discardableResult
    package func readPieces(
        from start: Int,
        to end: Int = .max,
        _ body: (UnsafeRawBufferPointer) throws(StorageError) -> Void
    ) throws(StorageError) -> Int {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceByteCount, alignment: 16)
        defer { unsafe memory.deallocate() }
        var offset = start
        while offset < end {
            let wanted = min(pieceByteCount, end - offset)
            let count = try unsafe read(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<wanted]), at: offset)
            guard count > 0 else { break }
            try unsafe body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
            offset += count
        }
        return offset
    }

    /// Computes the digest of all bytes, and counts them; memory stays flat.
    package func digest() throws(StorageError) -> (digest: SHA256Digest, byteCount: Int) {
        var hasher = SHA256()
        let end = try unsafe readPieces(from: 0) { piece throws(StorageError) in
            unsafe hasher.update(bufferPointer: piece)
        }
        return (SHA256Digest(hasher.finalize()), end)
    }

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
