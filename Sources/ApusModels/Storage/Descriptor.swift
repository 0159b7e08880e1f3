internal import CLinux
internal import Glibc

/// An open file or folder; closed when it ends.
struct Descriptor: ~Copyable, Sendable {
    /// The system's number for it.
    let number: Int32

    /// Takes over an open descriptor.
    init(owning number: Int32) {
        self.number = number
    }

    /// Opens something beneath an open folder.
    ///
    /// - Throws: The system's error; `EXDEV` when the path leads out of the folder.
    init(beneath folder: borrowing Descriptor, _ path: StoragePath, flags: Int32) throws(Errno) {
        let number = unsafe CLinux_openBeneath(folder.number, path.description, flags)
        guard number >= 0 else { throw Errno.last }
        self.number = number
    }

    /// What it is, how large, with how many names.
    func status() throws(Errno) -> CLinux_Status {
        let status = CLinux_status(number)
        guard status.error == 0 else { throw Errno(status.error) }
        return status
    }

    /// Gives the descriptor away, open.
    consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    deinit {
        _ = close(number)
    }
}

/// An error number of the system.
struct Errno: Error, Equatable {
    /// The number, for example `ENOENT`.
    let number: Int32

    /// Wraps a number.
    init(_ number: Int32) {
        self.number = number
    }

    /// What the call that just failed on this thread left behind.
    static var last: Errno { Errno(errno) }

    /// The system's words for it.
    var words: String { unsafe String(cString: CLinux_errorText(number)) }
}
