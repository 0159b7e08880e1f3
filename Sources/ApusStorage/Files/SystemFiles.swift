internal import CLinux
internal import Glibc

/// The file system of this machine.
package struct SystemFiles: FileSystem {
    /// The most names that a folder may have.
    package static let maxNames = 1_000_000

    /// Needs nothing.
    package init() {}

    package func open(_ path: String, _ mode: FileOpening) throws(StorageError) -> any WritableFile {
        let flags: Int32 =
            switch mode {
            case .new: O_CREAT | O_EXCL
            case .existing: 0
            case .either: O_CREAT
            }
        return try openRegular(path, O_RDWR | flags)
    }

    package func openForReading(_ path: String) throws(StorageError) -> any ReadableFile {
        try openRegular(path, O_RDONLY)
    }

    package func status(of path: String) throws(StorageError) -> FileStatus? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw StorageError(errno: errno, "looked at", path)
        }
        return FileStatus(status)
    }

    package func names(in folder: String) throws(StorageError) -> [String] {
        let descriptor = try openDescriptor(folder, O_RDONLY | O_DIRECTORY, verb: "listed", followsLink: true)
        guard let stream = unsafe fdopendir(descriptor) else {
            let number = errno
            _ = close(descriptor)
            throw StorageError(errno: number, "listed", folder)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw StorageError(errno: errno, "listed", folder) }
                break
            }
            let name = unsafe String(cString: CLinux_entryName(entry))
            guard name != ".", name != ".." else { continue }
            guard names.count < SystemFiles.maxNames else {
                throw StorageError(.tooLarge, "'\(folder)' holds more than \(SystemFiles.maxNames) names")
            }
            names.append(name)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package func makeFolder(_ path: String) throws(StorageError) {
        guard unsafe mkdir(path, 0o700) != 0 else { return }
        let number = errno
        guard number == EEXIST else { throw StorageError(errno: number, "made", path) }
        // A link to a folder is one here: where that matters, its kind has been looked at.
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw StorageError(.invalid, "the folder '\(path)' can't be made: there is something else of that name")
        }
    }

    package func rename(_ path: String, to newPath: String, isExclusive: Bool) throws(StorageError) {
        guard isExclusive else {
            guard unsafe Glibc.rename(path, newPath) == 0 else {
                throw StorageError(errno: errno, "renamed to '\(newPath)'", path)
            }
            return
        }
        if unsafe CLinux_renameExclusively(path, newPath) == 0 { return }
        guard errno == EINVAL || errno == ENOSYS else {
            throw StorageError(errno: errno, "renamed to '\(newPath)'", path)
        }
        // Not on every file system; a second name and then the first one off is the same for a file.
        guard unsafe link(path, newPath) == 0, unsafe unlink(path) == 0 else {
            throw StorageError(errno: errno, "renamed to '\(newPath)'", path)
        }
    }

    package func removeFile(_ path: String) throws(StorageError) {
        guard unsafe unlink(path) != 0, errno != ENOENT else { return }
        throw StorageError(errno: errno, "removed", path)
    }

    package func removeFolder(_ path: String) throws(StorageError) {
        guard unsafe rmdir(path) != 0, errno != ENOENT else { return }
        // POSIX allows both for a folder with something in it.
        throw StorageError(errno: errno == EEXIST ? ENOTEMPTY : errno, "removed", path)
    }

    package func syncFolder(_ path: String) throws(StorageError) {
        let descriptor = try openDescriptor(path, O_RDONLY | O_DIRECTORY, verb: "synced", followsLink: true)
        defer { _ = close(descriptor) }
        while fsync(descriptor) != 0 {
            // EINVAL: the file system has no such thing, and so nothing that could be waited for.
            if errno == EINVAL { return }
            guard errno == EINTR else { throw StorageError(errno: errno, "synced", path) }
        }
    }

    package func lock(_ path: String, _ mode: LockMode) throws(StorageError) -> (any Sendable)? {
        while true {
            let file = try openDescriptor(path, O_RDWR | O_CREAT, verb: "locked")
            let holder = SystemFile(owning: file, path: path)
            guard CLinux_lockFile(file, mode == .shared, mode != .exclusiveIfFree) == 0 else {
                if errno == EWOULDBLOCK { return nil }
                throw StorageError(errno: errno, "locked", path)
            }
            // Whoever had it may have removed the file in the meantime: a lock on that one keeps nobody out.
            if try status(of: path)?.number == holder.status().number { return holder }
        }
    }

    /// Opens without waiting for a pipe's other end, and refuses what is no regular file.
    private func openRegular(_ path: String, _ flags: Int32) throws(StorageError) -> SystemFile {
        let descriptor = try openDescriptor(path, flags | O_NONBLOCK | O_NOCTTY, verb: "opened")
        let file = SystemFile(owning: descriptor, path: path)
        let kind = try file.status().kind
        if kind == .folder { throw StorageError(errno: EISDIR, "opened", path) }
        guard kind == .file else {
            throw StorageError(.invalid, "'\(path)' can't be opened: only regular files are, and it is none")
        }
        return file
    }

    private func openDescriptor(
        _ path: String,
        _ flags: Int32,
        verb: String,
        followsLink: Bool = false
    ) throws(StorageError) -> Int32 {
        while true {
            let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC | (followsLink ? 0 : O_NOFOLLOW), 0o600)
            if descriptor >= 0 { return descriptor }
            guard errno == EINTR else { throw StorageError(errno: errno, verb, path) }
        }
    }
}
