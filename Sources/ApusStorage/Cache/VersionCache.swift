/// The versions that were fetched, on this machine's disk: addressed by content, shared by several servers, whole at any
/// moment, verified when they are used, bounded.
///
/// Calls block. `CacheLayout` says what lies where. Several processes may use one folder: what others could see changes
/// under a lock file only, each version that is put together and each file that is fetched has one too, and what is in use
/// is held by a shared one. No lock is held in memory.
package struct VersionCache: Sendable {
    /// What can be chosen.
    package struct Configuration: Sendable {
        /// The most bytes of versions and of what is being fetched.
        package var byteLimit: Int
        /// After how many bytes of a file that is fetched it is written down how far it is; smaller files begin anew.
        package var stepByteCount = 64 << 20
        /// Whether a file is hashed and synced on another thread while it is fetched.
        package var followsOnAnotherThread = true
        /// For how many seconds what was begun and not finished is kept.
        package var leftoverLifetime: Int64 = 7 * 86_400

        /// Chooses a bound.
        package init(byteLimit: Int) {
            self.byteLimit = byteLimit
        }
    }

    let configuration: Configuration
    let layout: CacheLayout
    let durable: DurableFiles
    let now: @Sendable () -> Int64
    let onNotice: @Sendable (CacheNotice) -> Void

    /// Where it lies.
    package var path: String { layout.path }
    /// Where its files lie.
    var files: any FileSystem { durable.files }

    /// Opens a cache, and makes its folder where it isn't there.
    ///
    /// - Parameters:
    ///   - path: Absolute.
    ///   - configuration: Its bounds.
    ///   - files: Where it lies.
    ///   - now: Wall-clock time, in seconds since 1970.
    ///   - onNotice: Told what it finds and does by itself; called from the threads of callers.
    /// - Throws: `invalid` for a path that isn't absolute, or why the folder can't be used.
    package init(
        path: String,
        configuration: Configuration,
        files: any FileSystem = SystemFiles(),
        now: @escaping @Sendable () -> Int64,
        onNotice: @escaping @Sendable (CacheNotice) -> Void = { _ in }
    ) throws(StorageError) {
        guard path.hasPrefix("/"), path.count > 1 else {
            throw StorageError(.invalid, "the cache's folder has to be an absolute path, and '\(path)' isn't one")
        }
        self.layout = CacheLayout(path: path.hasSuffix("/") ? String(path.dropLast()) : path)
        self.configuration = configuration
        self.durable = DurableFiles(files)
        self.now = now
        self.onNotice = onNotice
        try durable.makeFolders(layout.path)
        for folder in CacheLayout.folders {
            try durable.makeFolders(folder, in: layout.path)
            // Whoever wrote there may have been killed before its sync, and what is found here is relied on.
            try files.syncFolder("\(layout.path)/\(folder)")
        }
        try removeLeftovers()
    }

    /// Does something that no other process or thread may see half done.
    func locked<Value>(_ body: () throws(StorageError) -> Value) throws(StorageError) -> Value {
        let lock = try files.lock(layout.lock)
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    // MARK: - Looking after it

    /// How full it is.
    package func usage() throws(StorageError) -> CacheUsage {
        try locked { () throws(StorageError) in
            let versions = try storedVersions()
            return CacheUsage(
                versionCount: versions.count,
                byteCount: try versions.reduce(0) { $0 + $1.byteCount } + begun().reduce(0) { $0 + $1.byteCount },
                byteLimit: configuration.byteLimit
            )
        }
    }

    /// Reads every file of every version.
    ///
    /// - Returns: What is damaged.
    /// - Throws: Why the cache's folders can't be read.
    package func verify() throws(StorageError) -> [CacheDamage] {
        var damages: [CacheDamage] = []
        for hex in try versionNames() {
            guard let pin = try pin(hex) else { continue }
            defer { withExtendedLifetime(pin) {} }
            guard let version = try list(of: hex) else {
                damages.append(
                    CacheDamage(version: hex, path: "", reason: "the list of its files is missing or damaged")
                )
                continue
            }
            for file in version.files {
                guard let reason = damage(of: file, in: layout.folder(hex)) else { continue }
                damages.append(CacheDamage(version: hex, path: file.path, reason: reason))
            }
        }
        return damages
    }

    /// What is wrong with a file; `nil` when it is as it should be.
    func damage(of file: CachedFile, in folder: String) -> String? {
        do throws(StorageError) {
            let (digest, byteCount) = try files.openForReading("\(folder)/\(file.path)").digest()
            guard byteCount == file.byteCount else { return "it has \(byteCount) bytes, not \(file.byteCount)" }
            guard digest == file.digest else { return "its bytes have the digest \(digest), not \(file.digest)" }
            return nil
        } catch {
            return error.message
        }
    }

    // MARK: - What is there

    /// The names of all versions.
    func versionNames() throws(StorageError) -> [String] {
        try files.names(in: layout.versions).filter { $0.utf8.count == 64 && !$0.contains(".") }
    }

    /// A version's list of files; `nil` when it is missing or damaged.
    func list(of hex: String) throws(StorageError) -> VersionFiles? {
        guard let bytes = try contents(of: layout.list(hex), byteLimit: VersionFiles.maxBytes) else { return nil }
        return VersionFiles(bytes, named: hex)
    }

    /// Keeps a version from being evicted; `nil` when it isn't there.
    func pin(_ hex: String) throws(StorageError) -> (any Sendable)? {
        try locked { () throws(StorageError) in
            guard try files.status(of: layout.folder(hex))?.kind == .folder else { return nil }
            return try files.lock(layout.lock(hex), .shared)
        }
    }

    /// A file whole; `nil` when it isn't there or is too large to be what it should be.
    func contents(of path: String, byteLimit: Int) throws(StorageError) -> [UInt8]? {
        do throws(StorageError) {
            return try files.openForReading(path).readAll(byteLimit: byteLimit)
        } catch {
            guard error.code == .notFound || error.code == .tooLarge else { throw error }
            return nil
        }
    }

    /// Writes a small file durably; under the lock, since the temporary name is always the same.
    func store(_ bytes: [UInt8], at path: String) throws(StorageError) {
        try durable.replace(path, with: bytes, temporary: "\(path).tmp")
    }
}

/// How full a cache is.
package struct CacheUsage: Hashable, Sendable {
    /// How many versions are in it.
    package let versionCount: Int
    /// How many bytes they have, with what is being fetched.
    package let byteCount: Int
    /// How many they may have.
    package let byteLimit: Int
}

/// A file in a cache that isn't what it was.
package struct CacheDamage: Hashable, Sendable {
    /// The version's digest, 64 hexadecimal digits.
    package let version: String
    /// The file in it; empty for the list of its files.
    package let path: String
    /// What is wrong with it.
    package let reason: String
}
