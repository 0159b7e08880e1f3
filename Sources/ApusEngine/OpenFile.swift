internal import Glibc

/// An open file, closed when the last owner lets it go.
///
/// Handed on instead of a path, so that what was checked is what is read, whatever has been put in its place since.
package final class OpenFile: Sendable {
    /// The system's number for it.
    package let descriptor: Int32

    /// Takes over an open descriptor.
    package init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// What tells this file, as it is now, from others and from itself after a change; `nil` when the system won't say.
    package var identity: Identity? {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        return Identity(
            device: status.st_dev,
            number: status.st_ino,
            byteCount: Int(status.st_size),
            modified: [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        )
    }

    /// A file at one moment.
    package struct Identity: Hashable, Sendable {
        fileprivate let device: UInt
        fileprivate let number: UInt
        /// Its size.
        package let byteCount: Int
        fileprivate let modified: [Int]
    }

    deinit {
        _ = close(descriptor)
    }
}
