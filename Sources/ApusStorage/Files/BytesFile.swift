/// Bytes in memory, read like a file.
package struct BytesFile: ReadableFile {
    private let bytes: [UInt8]

    /// Takes the bytes.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package func byteCount() throws(StorageError) -> Int { bytes.count }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageError) -> Int {
        guard offset < bytes.count else { return 0 }
        let piece = bytes[offset..<min(bytes.count, offset + buffer.count)]
        unsafe buffer.copyBytes(from: piece)
        return piece.count
    }
}
