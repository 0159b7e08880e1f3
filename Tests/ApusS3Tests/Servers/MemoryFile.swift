import ApusStorage
import Synchronization

/// A file in memory.
final class MemoryFile: WritableFile {
    private let content: Mutex<[UInt8]>

    init(_ bytes: [UInt8] = []) {
        content = Mutex(bytes)
    }

    var bytes: [UInt8] { content.withLock { $0 } }

    func byteCount() throws(StorageError) -> Int { content.withLock { $0.count } }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageError) -> Int {
        content.withLock { bytes in
            let rest = bytes.dropFirst(offset).prefix(buffer.count)
            unsafe buffer.copyBytes(from: rest)
            return rest.count
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError) {
        let copy = unsafe Array(bytes)
        content.withLock { content in
            let missing = offset + copy.count - content.count
            if missing > 0 { content += [UInt8](repeating: 0, count: missing) }
            content.replaceSubrange(offset..<(offset + copy.count), with: copy)
        }
    }

    func truncate(to byteCount: Int) throws(StorageError) {
        content.withLock { content in
            let missing = byteCount - content.count
            if missing > 0 { content += [UInt8](repeating: 0, count: missing) } else { content.removeLast(-missing) }
        }
    }

    func sync() throws(StorageError) {}
}
