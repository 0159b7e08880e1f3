internal import Glibc

/// What the file system says of a path, symbolic links followed.
struct FileStatus {
    /// The kinds that are told apart.
    enum Kind {
        case regularFile
        case folder
        case other
    }

    /// What lies there.
    let kind: Kind
    /// How many names the file has.
    let linkCount: Int
    /// Length in bytes.
    let byteCount: Int

    /// Asks for a path; `nil` when nothing can be reached under it.
    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Asks for an open file.
    init?(descriptor: Int32) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Keeps what is needed of the system's answer.
    private init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: self.kind = .regularFile
        case S_IFDIR: self.kind = .folder
        default: self.kind = .other
        }
        self.linkCount = Int(status.st_nlink)
        self.byteCount = Int(status.st_size)
    }

    /// The path with all symbolic links resolved; `nil` when nothing is there.
    static func resolve(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(validatingCString: resolved)
    }
}
