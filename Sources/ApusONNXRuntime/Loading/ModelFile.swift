internal import ApusCore
internal import ApusEngine
internal import Glibc

/// The bytes of a model file, read once.
struct ModelFile {
    /// The largest file the format's own parser takes.
    static let maxByteCount = Int(Int32.max)

    /// The file's bytes.
    let storage: TensorStorage

    /// Opens a regular file and reads it whole.
    ///
    /// Neither follows a link in the last place nor waits for somebody to write into a pipe.
    init(path: String) throws(EngineError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else { throw Self.unreadable(path, unsafe String(cString: strerror(errno))) }
        try self.init(OpenFile(owning: descriptor), path: path)
    }

    /// Reads an open regular file whole; the path is for messages.
    init(_ file: OpenFile, path: String) throws(EngineError) {
        let descriptor = file.descriptor
        guard let status = FileStatus(descriptor: descriptor), status.kind == .regularFile else {
            throw Self.unreadable(path, "it isn't a regular file")
        }
        guard status.byteCount <= Self.maxByteCount else {
            throw EngineError(
                .invalidModel,
                "model file '\(path)' has \(status.byteCount) bytes; ONNX files end at \(Self.maxByteCount): "
                    + "keep the weights in external data"
            )
        }
        guard let storage = TensorStorage(byteCount: status.byteCount) else {
            throw EngineError(.outOfMemory, "there is no memory for the \(status.byteCount) bytes of '\(path)'")
        }
        try Self.fill(storage, from: file, path)
        self.storage = storage
    }

    /// Reads until the storage is full.
    private static func fill(_ storage: TensorStorage, from file: OpenFile, _ path: String) throws(EngineError) {
        try unsafe storage.withUnsafeMutableBytes { (memory) throws(EngineError) in
            var filled = 0
            while filled < memory.count {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
                let count = unsafe pread(file.descriptor, rest.baseAddress, rest.count, filled)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    throw unreadable(path, count == 0 ? "it became shorter while it was read" : "reading failed")
                }
                filled += count
            }
        }
    }

    /// Says why a file can't be read.
    private static func unreadable(_ path: String, _ reason: String) -> EngineError {
        EngineError(.unreadable, "model file '\(path)' can't be read: \(reason)")
    }
}
