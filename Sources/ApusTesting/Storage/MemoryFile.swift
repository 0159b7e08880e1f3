package import ApusStorage
internal import Synchronization

/// A file that lies in memory, for tests that need one to read from or fetch into.
package final class MemoryFile: WritableFile {
    private let contents: Mutex<[UInt8]>

    /// Starts with some bytes.
    package init(_ bytes: [UInt8] = []) {
        contents = Mutex(bytes)
    }

    /// What it holds now.
    package var bytes: [UInt8] { contents.withLock { $0 } }

    package func byteCount() throws(StorageError) -> Int { contents.withLock { $0.count } }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageError) -> Int {
        let piece = contents.withLock { Array($0.dropFirst(offset).prefix(buffer.count)) }
        unsafe buffer.copyBytes(from: piece)
        return piece.count
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError) {
        let added = unsafe Array(bytes)
        contents.withLock { $0.overwrite(added, at: offset) }
    }

    package func truncate(to byteCount: Int) throws(StorageError) {
        contents.withLock { $0.resize(to: byteCount) }
    }

    package func sync() throws(StorageError) {}
}

extension [UInt8] {
    /// Puts bytes at an offset, with zeros before where there is a gap.
    mutating func overwrite(_ bytes: [UInt8], at offset: Int) {
        if offset > count { resize(to: offset) }
        let end = Swift.min(offset + bytes.count, count)
        replaceSubrange(offset..<end, with: bytes)
    }

    /// Cuts or extends with zeros.
    mutating func resize(to byteCount: Int) {
        if byteCount < count {
            removeLast(count - byteCount)
        } else {
            append(contentsOf: repeatElement(0, count: byteCount - count))
        }
    }
}
