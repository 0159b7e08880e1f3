internal import Glibc

/// An open file of this machine; closed when the last reference ends.
package final class SystemFile: WritableFile {
    private let descriptor: Int32
    private let path: String

    /// Takes over an open descriptor.
    init(owning descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        _ = close(descriptor)
    }

    package func byteCount() throws(StorageError) -> Int {
        try status().byteCount
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageError) -> Int {
        while true {
            let count = unsafe pread(descriptor, buffer.baseAddress, buffer.count, offset)
            if count >= 0 { return count }
            guard errno == EINTR else { throw StorageError(errno: errno, "read", path) }
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError) {
        var written = 0
        while written < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = unsafe pwrite(descriptor, rest.baseAddress, rest.count, offset + written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw StorageError(errno: count == 0 ? ENOSPC : errno, "written", path) }
            written += count
        }
    }

    package func truncate(to byteCount: Int) throws(StorageError) {
        while ftruncate(descriptor, byteCount) != 0 {
            guard errno == EINTR else { throw StorageError(errno: errno, "cut", path) }
        }
    }

    /// After a failure nothing is known of what is on the disk (Linux forgets what it couldn't write): the file has to be
    /// written anew.
    package func sync() throws(StorageError) {
        while fsync(descriptor) != 0 {
            guard errno == EINTR else { throw StorageError(errno: errno, "synced", path) }
        }
    }

    /// What it is.
    func status() throws(StorageError) -> FileStatus {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw StorageError(errno: errno, "looked at", path) }
        return FileStatus(status)
    }
}

extension FileStatus {
    /// Reads what the system says.
    init(_ status: stat) {
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            default: .other
            }
        self.init(
            kind: kind,
            byteCount: Int(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
            number: UInt64(status.st_ino)
        )
    }
}
