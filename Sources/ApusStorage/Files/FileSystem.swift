/// The part of a file system that durable storage is made of; the real one, or a simulated disk that loses what isn't synced.
///
/// Paths are absolute. Calls block. Nothing is durable before it has been synced: a file's bytes by `sync()` on the file, a
/// name (new, renamed, removed) by `syncFolder` on the folder that holds it. What is made is for this user alone (modes 0600
/// and 0700), unless the file system was told otherwise.
package protocol FileSystem: Sendable {
    /// Opens a file for reading and writing.
    ///
    /// - Throws: `notFound` when it isn't there (`.existing`), `conditionFailed` when it is (`.new`).
    func open(_ path: String, _ mode: FileOpening) throws(StorageError) -> any WritableFile

    /// Opens a regular file for reading; a symbolic link in the last place isn't followed.
    func openForReading(_ path: String) throws(StorageError) -> any ReadableFile

    /// What lies at a path, links not followed; `nil` when nothing does.
    func status(of path: String) throws(StorageError) -> FileStatus?

    /// The names in a folder, sorted, without `.` and `..`.
    func names(in folder: String) throws(StorageError) -> [String]

    /// Makes a folder; nothing happens when there is one.
    func makeFolder(_ path: String) throws(StorageError)

    /// Gives something another name, in the place of what has that name unless `isExclusive` says otherwise.
    ///
    /// For folders `isExclusive` needs a file system that knows such renames; NFS, FUSE and others don't.
    /// - Throws: `conditionFailed` when `isExclusive` and the name is taken.
    func rename(_ path: String, to newPath: String, isExclusive: Bool) throws(StorageError)

    /// Removes a file; nothing happens when there is none.
    func removeFile(_ path: String) throws(StorageError)

    /// Removes an empty folder; nothing happens when there is none.
    func removeFolder(_ path: String) throws(StorageError)

    /// Makes the names in a folder durable.
    func syncFolder(_ path: String) throws(StorageError)

    /// Takes a lock between processes and threads, made of a file at this path. It ends with the returned object, or with
    /// the process; a lock whose file is removed by its only holder is taken anew by whoever waits.
    ///
    /// - Returns: `nil` when `mode` doesn't wait and somebody else has the lock.
    func lock(_ path: String, _ mode: LockMode) throws(StorageError) -> (any Sendable)?
}

extension FileSystem {
    /// Takes a lock that nobody else may have; waits for it.
    package func lock(_ path: String) throws(StorageError) -> any Sendable {
        guard let lock = try lock(path, .exclusive) else {
            throw StorageError(.system, "the lock '\(path)' was to be waited for")
        }
        return lock
    }
}

/// How a lock is taken.
package enum LockMode: Sendable {
    /// Nobody else may have it; waits.
    case exclusive
    /// Others may have it too, shared as well; waits.
    case shared
    /// Nobody else may have it; doesn't wait.
    case exclusiveIfFree
}

/// How a file is opened for writing.
package enum FileOpening: Sendable {
    /// It must not be there yet.
    case new
    /// It must be there.
    case existing
    /// Either; what is there stays as it is.
    case either
}

/// What lies at a path.
package struct FileStatus: Hashable, Sendable {
    /// The kinds of things.
    package enum Kind: Sendable {
        /// A regular file.
        case file
        /// A folder.
        case folder
        /// A link, a socket, a device, a pipe.
        case other
    }

    /// What it is.
    package let kind: Kind
    /// Its size in bytes.
    package let byteCount: Int
    /// When its bytes were last changed, in nanoseconds since 1970.
    package let modified: Int64
    /// The system's number of the file, which a new file of the same name doesn't share.
    package let number: UInt64

    /// Describes something.
    package init(kind: Kind, byteCount: Int, modified: Int64, number: UInt64) {
        self.kind = kind
        self.byteCount = byteCount
        self.modified = modified
        self.number = number
    }
}

/// An open file that can be read; closed when the last reference ends.
package protocol ReadableFile: Sendable {
    /// The file's size now.
    func byteCount() throws(StorageError) -> Int

    /// Reads into memory from an offset; returns how many bytes, 0 at the end; may be fewer than asked for.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageError) -> Int
}

/// An open file that can be written too; several threads may write different places at the same time.
package protocol WritableFile: ReadableFile {
    /// Writes all bytes at an offset.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError)

    /// Cuts or extends it with zeros.
    func truncate(to byteCount: Int) throws(StorageError)

    /// Makes its bytes durable.
    func sync() throws(StorageError)
}
