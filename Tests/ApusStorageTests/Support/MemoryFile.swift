import ApusStorage
import Synchronization

/// A file that lies in memory.
final class MemoryFile: WritableFile {
    private let content: Mutex<[UInt8]>

    init(_ bytes: [UInt8] = []) {
        self.content = Mutex(bytes)
    }

    var bytes: [UInt8] { content.withLock { $0 } }

    func byteCount() throws(StorageError) -> Int { bytes.count }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageError) -> Int {
        let bytes = bytes.dropFirst(offset).prefix(buffer.count)
        unsafe buffer.copyBytes(from: bytes)
        return bytes.count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError) {
        let new = unsafe Array(bytes)
        content.withLock { content in
            if content.count < offset + new.count {
                content += Array(repeating: 0, count: offset + new.count - content.count)
            }
            content.replaceSubrange(offset..<offset + new.count, with: new)
        }
    }

    func truncate(to byteCount: Int) throws(StorageError) {
        content.withLock { $0 = Array($0.prefix(byteCount)) }
    }

    func sync() throws(StorageError) {}
}
