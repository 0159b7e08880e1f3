internal import ApusCore
internal import Glibc

extension ModelError {
    /// Says why something beneath a storage's root couldn't be opened or read, and what to do about it.
    init(_ error: Errno, at path: StoragePath, in location: String) {
        let place = path == .root ? "'\(location)'" : "'\(path)' in '\(location)'"
        switch error.number {
        case EXDEV:
            self.init(
                .unsafeFile,
                "\(place) leads out of the model repository through a symbolic link: put a copy there instead",
                cause: error
            )
        case ELOOP:
            self.init(
                .unsafeFile,
                "\(place) is reached through a symbolic link that can't be followed safely: put a copy there instead",
                cause: error
            )
        case ENOENT:
            self.init(.unreadable, "\(place) doesn't exist, or is a symbolic link to nothing", cause: error)
        case EACCES, EPERM:
            self.init(
                .unreadable,
                "\(place) can't be read by user \(geteuid()): folders need r and x for that user, files need r",
                cause: error
            )
        case ENOTDIR:
            self.init(.unreadable, "\(place) was expected to be a folder and isn't one", cause: error)
        case EMFILE, ENFILE:
            self.init(
                .unreadable,
                "\(place) can't be opened, because too many files are open: raise the limit (ulimit -n)",
                cause: error
            )
        default:
            self.init(.unreadable, "\(place) can't be read: \(error.words)", cause: error)
        }
    }

    /// Says that a path was expected to be a regular file and is something else.
    static func notAFile(_ path: StoragePath, in location: String) -> ModelError {
        ModelError(.unsafeFile, "'\(path)' in '\(location)' is no regular file: only regular files are read")
    }
}
