/// A folder as an object store: keys are paths below it.
///
/// No symbolic link below the root is followed, neither to read nor to write (the root may be one: its operator named it):
/// every folder on the way is looked at before, and the file itself is opened without following. That keeps objects from
/// leading out that lie there when they are looked at. It doesn't keep somebody from it who may write in the root and swaps
/// a folder for a link in the middle of a call; whoever may do that can put anything there as well. Hidden files and
/// folders (a component that begins with a dot) are no objects.
///
/// A tag is made of size, time of change and the system's number of the file. Conditions are checked under a lock file, so
/// they hold between all who write through this type; a program that writes by itself isn't kept out.
package struct LocalObjectStore: ObjectStore {
    /// The lock that writers take.
    static let lockFilename = ".apus-lock"
    /// How names of files begin that are still being written.
    static let temporaryPrefix = ".apus-new-"
    /// How deep folders may be nested.
    static let maxDepth = 128

    package let location: String
    /// What writes here.
    let durable: DurableFiles
    /// The folder's path, empty for the system's root: a slash and a key follow.
    let root: String

    package var abilities: ObjectStoreAbilities { ObjectStoreAbilities(writes: true, checksConditions: true) }

    /// Takes a folder; it is made, with those above it, by the first write.
    ///
    /// - Parameters:
    ///   - path: Absolute.
    ///   - files: Where it lies.
    /// - Throws: `invalid` for a path that isn't absolute.
    package init(path: String, files: any FileSystem = SystemFiles()) throws(StorageError) {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw StorageError(.invalid, "'\(path)' isn't an absolute path, and an object store's folder has to be one")
        }
        var trimmed = path
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        self.location = trimmed
        self.root = trimmed == "/" ? "" : trimmed
        self.durable = DurableFiles(files)
    }

    /// Where the objects lie.
    var files: any FileSystem { durable.files }

    // MARK: - Reading

    package func describe(_ key: ObjectKey) throws(StorageError) -> StoredObject? {
        guard !LocalObjectStore.isHidden(key), try findFolder(of: key) else { return nil }
        guard let status = try files.status(of: path(key)) else { return nil }
        switch status.kind {
        case .file: return LocalObjectStore.object(key, status)
        case .folder: return nil
        case .other: throw refusal(path(key))
        }
    }

    package func read(
        _ key: ObjectKey,
        byteLimit: Int,
        unless known: EntityTag?
    ) throws(StorageError) -> ObjectContents {
        // Written anew in the middle is rare; four times in a row isn't chance.
        for _ in 0..<4 {
            guard let object = try describe(key) else { return .absent }
            if object.tag == known { return .unchanged }
            guard object.byteCount <= byteLimit else {
                throw StorageError(
                    .tooLarge,
                    "'\(key)' in '\(location)' has \(object.byteCount) bytes; the most that is read of it is \(byteLimit)"
                )
            }
            guard let file = try open(key) else { continue }
            let bytes = try file.readAll(byteLimit: byteLimit)
            if try describe(key) == object, bytes.count == object.byteCount { return .bytes(bytes, object.tag) }
        }
        throw changed(key)
    }

    package func fetch(
        _ object: StoredObject,
        into file: any WritableFile,
        progress: FetchProgress
    ) throws(StorageError) {
        try expectUnchanged(object)
        guard let source = try open(object.key) else { throw changed(object.key) }
        var offset = min(progress.resumeOffset, object.byteCount)
        try unsafe source.readPieces(from: offset, to: object.byteCount) { piece throws(StorageError) in
            try unsafe file.write(piece, at: offset)
            offset += piece.count
            progress.reached(offset)
        }
        try expectUnchanged(object)
        guard offset == object.byteCount else {
            throw StorageError(
                .damaged,
                "'\(object.key)' in '\(location)' ended after \(offset) bytes of \(object.byteCount)"
            )
        }
    }

    // MARK: - Writing

    @discardableResult
    package func write(
        _ bytes: [UInt8],
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        try put(key, if: condition) { file throws(StorageError) in try file.write(bytes) }
    }

    @discardableResult
    package func upload(
        _ file: any ReadableFile,
        byteCount: Int,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        try put(key, if: condition) { copy throws(StorageError) in
            var offset = 0
            try unsafe file.readPieces(from: 0, to: byteCount) { piece throws(StorageError) in
                try unsafe copy.write(piece, at: offset)
                offset += piece.count
            }
            guard offset == byteCount else {
                throw StorageError(
                    .damaged,
                    "the file for '\(key)' ended after \(offset) bytes of \(byteCount): it was cut while it was read"
                )
            }
        }
    }

    package func remove(_ key: ObjectKey) throws(StorageError) {
        try expectVisible(key)
        guard try findFolder(of: key) else { return }
        let lock = try files.lock("\(root)/\(LocalObjectStore.lockFilename)")
        defer { withExtendedLifetime(lock) {} }
        guard try findFolder(of: key) else { return }
        guard try files.status(of: path(key))?.kind != .folder else { return }
        try durable.removeFile(path(key))
        try removeEmptyFolders(above: key)
    }

    /// Removes what writers left behind that were killed.
    ///
    /// - Parameter limit: In nanoseconds since 1970: what has been written to after it is left alone.
    /// - Returns: How many files were removed.
    /// - Throws: Why a folder can't be read or a file removed.
    @discardableResult
    package func removeLeftovers(notWrittenSince limit: Int64) throws(StorageError) -> Int {
        var count = 0
        try walk { path, name, status throws(StorageError) in
            let isLeftover = name.hasPrefix(LocalObjectStore.temporaryPrefix) && status.modified < limit
            guard status.kind == .file, isLeftover else { return }
            try durable.removeFile("\(root)/\(path)")
            count += 1
        }
        return count
    }

    /// Writes a file beside its place and puts it there when the condition holds.
    private func put(
        _ key: ObjectKey,
        if condition: WriteCondition,
        fill: (any WritableFile) throws(StorageError) -> Void
    ) throws(StorageError) -> EntityTag {
        try expectVisible(key)
        try durable.makeFolders(location)
        let lockPath = "\(root)/\(LocalObjectStore.lockFilename)"
        let folder = LocalObjectStore.folder(of: key)
        let place = path(key)
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        let temporary = "\(root)/\(folder.isEmpty ? "" : "\(folder)/")\(LocalObjectStore.temporaryPrefix)\(random)"
        // The folder is held in being by the new file; until that is there, only the lock keeps removals away.
        let file = try locked(lockPath) { () throws(StorageError) in
            try expect(condition, key)
            try durable.makeFolders(folder, in: location)
            return try files.open(temporary, .new)
        }
        do throws(StorageError) {
            try fill(file)
            try file.sync()
            return try locked(lockPath) { () throws(StorageError) in
                try expect(condition, key)
                try makeNewer(file, temporary, than: place)
                try files.rename(temporary, to: place, isExclusive: condition == .absent)
                try files.syncFolder(DurableFiles.parent(of: place))
                guard let status = try files.status(of: place) else { throw changed(key) }
                return LocalObjectStore.object(key, status).tag
            }
        } catch {
            // The first failure is the one to tell; what can't be removed either is left to `removeLeftovers`.
            try? files.removeFile(temporary)
            throw error
        }
    }

    /// Has a new file's time of change differ from that of the one that it replaces.
    ///
    /// The system's clock for that goes in steps (4 ms is usual), and numbers of files are used again: of three states
    /// written in one step the first and the third could have the same tag.
    private func makeNewer(_ file: any WritableFile, _ path: String, than place: String) throws(StorageError) {
        guard let old = try files.status(of: place)?.modified, try files.status(of: path)?.modified == old else { return }
        let byteCount = try file.byteCount()
        for _ in 0..<100_000 {
            try file.truncate(to: byteCount)
            if try files.status(of: path)?.modified != old { return try file.sync() }
        }
        throw StorageError(.system, "the clock of the file system that '\(place)' lies on stands still")
    }

    private func locked<Value>(_ path: String, _ body: () throws(StorageError) -> Value) throws(StorageError) -> Value {
        let lock = try files.lock(path)
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    private func removeEmptyFolders(above key: ObjectKey) throws(StorageError) {
        var folder = LocalObjectStore.folder(of: key)
        while !folder.isEmpty {
            do throws(StorageError) {
                guard try files.names(in: "\(root)/\(folder)").isEmpty else { return }
                try files.removeFolder("\(root)/\(folder)")
            } catch {
                // Somebody who doesn't take the lock put something there.
                guard error.code == .inUse || error.code == .notFound else { throw error }
                return
            }
            folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? ""
            try files.syncFolder(folder.isEmpty ? location : "\(root)/\(folder)")
        }
    }
}
