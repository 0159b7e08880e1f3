import ApusStorage

/// Files in whose syncs and renames a test meddles.
struct MeddledFiles: FileSystem {
    let files: any FileSystem
    var beforeSync: @Sendable (_ path: String) -> Void = { _ in }
    var beforeRename: @Sendable (_ path: String, _ isExclusive: Bool) throws(StorageError) -> Void = { _, _ in }

    func open(_ path: String, _ mode: FileOpening) throws(StorageError) -> any WritableFile {
        let file = try files.open(path, mode)
        return MeddledFile(file: file) { beforeSync(path) }
    }

    func openForReading(_ path: String) throws(StorageError) -> any ReadableFile { try files.openForReading(path) }
    func status(of path: String) throws(StorageError) -> FileStatus? { try files.status(of: path) }
    func names(in folder: String) throws(StorageError) -> [String] { try files.names(in: folder) }
    func makeFolder(_ path: String) throws(StorageError) { try files.makeFolder(path) }

    func rename(_ path: String, to newPath: String, isExclusive: Bool) throws(StorageError) {
        try beforeRename(path, isExclusive)
        try files.rename(path, to: newPath, isExclusive: isExclusive)
    }

    func removeFile(_ path: String) throws(StorageError) { try files.removeFile(path) }
    func removeFolder(_ path: String) throws(StorageError) { try files.removeFolder(path) }
    func syncFolder(_ path: String) throws(StorageError) { try files.syncFolder(path) }

    func lock(_ path: String, _ mode: LockMode) throws(StorageError) -> (any Sendable)? {
        try files.lock(path, mode)
    }
}

private struct MeddledFile: WritableFile {
    let file: any WritableFile
    let beforeSync: @Sendable () -> Void

    func byteCount() throws(StorageError) -> Int { try file.byteCount() }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageError) -> Int {
        try unsafe file.read(into: buffer, at: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError) {
        try unsafe file.write(bytes, at: offset)
    }

    func truncate(to byteCount: Int) throws(StorageError) { try file.truncate(to: byteCount) }

    func sync() throws(StorageError) {
        beforeSync()
        try file.sync()
    }
}
