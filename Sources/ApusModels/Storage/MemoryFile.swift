internal import ApusCore
internal import ApusEngine
internal import CLinux
internal import Glibc

/// A file that lies in memory only and has no name, written once and then sealed against changes.
struct MemoryFile: Sendable {
    private let name: String
    private let file: OpenFile

    /// Makes an empty one.
    ///
    /// - Parameter name: What it is called in messages.
    /// - Throws: `unreadable` when the system gives no memory.
    init(_ name: String) throws(ModelError) {
        let descriptor = unsafe CLinux_makeMemoryFile("apus-model")
        guard descriptor >= 0 else { throw MemoryFile.unavailable(name) }
        self.name = name
        self.file = OpenFile(owning: descriptor)
    }

    /// Writes at its end.
    func append(_ bytes: [UInt8]) throws(ModelError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(file.descriptor, buffer.baseAddress! + written, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw MemoryFile.unavailable(name) }
            written += count
        }
    }

    /// Lets nobody change it any more, and gives it away; engines read it from its beginning.
    func sealed() throws(ModelError) -> OpenFile {
        guard CLinux_sealMemoryFile(file.descriptor) == 0 else { throw MemoryFile.unavailable(name) }
        return file
    }

    private static func unavailable(_ name: String) -> ModelError {
        ModelError(.unreadable, "there is no memory for the file '\(name)': \(Errno.last.words)")
    }
}
