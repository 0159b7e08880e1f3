extension VersionCache {
    /// Brings a version into the cache, or finds it there, and checks every byte of it.
    ///
    /// - Parameters:
    ///   - wanted: Its files.
    ///   - store: Where they come from.
    ///   - onProgress: Told how far it is, from any thread.
    /// - Returns: The version, which stays as long as what is returned lives.
    /// - Throws: `damaged` when a file isn't what its manifest says, `tooLarge` when the version is larger than the cache,
    ///   or why the store doesn't give it.
    package func prepare(
        _ wanted: [WantedFile],
        from store: any ObjectStore,
        onProgress: @escaping @Sendable (PreparationProgress) -> Void = { _ in }
    ) throws(StorageError) -> CachedVersion {
        try check(wanted, store.location)
        if let found = try find(wanted, store, onProgress) { return found }
        // One puts it together; who waits here finds it whole.
        let want = CacheLayout.wantName(wanted, in: store.location)
        let lockPath = "\(layout.fetching)/\(want).lock"
        let lock = try files.lock(lockPath)
        defer { withExtendedLifetime(lock) {} }
        if let found = try find(wanted, store, onProgress) {
            try files.removeFile(lockPath)
            return found
        }
        try makeRoom(for: wanted, in: store.location)
        let staging = "\(layout.fetching)/\(want)"
        try durable.makeFolders(want, in: layout.fetching)
        var placed: [CachedFile] = []
        let total = wanted.reduce(0) { $0 + $1.byteCount }
        var done = 0
        let copies = try localCopies(of: wanted)
        for file in wanted {
            let before = done
            placed.append(
                try place(file, from: store, into: staging, copies) { reached in
                    onProgress(PreparationProgress(byteCount: before + reached, total: total))
                }
            )
            done += file.byteCount
            onProgress(PreparationProgress(byteCount: done, total: total))
        }
        let version = VersionFiles(placed)
        let cached = try publish(version, staging)
        try remember(version, wanted, store.location)
        try files.removeFile(lockPath)
        return cached
    }

    /// A version that is there already, with its files checked and mended; `nil` when it isn't there or a digest isn't known.
    private func find(
        _ wanted: [WantedFile],
        _ store: any ObjectStore,
        _ onProgress: @escaping @Sendable (PreparationProgress) -> Void
    ) throws(StorageError) -> CachedVersion? {
        var known: [CachedFile] = []
        for file in wanted {
            guard let digest = try expectedDigest(of: file, in: store.location) else { return nil }
            known.append(CachedFile(path: file.path, byteCount: file.byteCount, digest: digest))
        }
        let version = VersionFiles(known)
        guard let cached = try use(version) else { return nil }
        for (file, source) in zip(known, wanted) {
            guard let reason = damage(of: file, in: cached.folder) else { continue }
            onNotice(.damagedFile(version: version.digest, path: file.path, reason: reason))
            try mend(source, file.digest, cached.folder, store)
        }
        let total = version.byteCount
        onProgress(PreparationProgress(byteCount: total, total: total))
        return cached
    }

    /// Fetches a file anew and puts it in the place of a damaged one.
    private func mend(
        _ file: WantedFile,
        _ digest: SHA256Digest,
        _ folder: String,
        _ store: any ObjectStore
    ) throws(StorageError) {
        let file = WantedFile(path: file.path, object: file.object, digest: digest, byteCount: file.byteCount)
        func finish(_ part: String) throws(StorageError) {
            try locked { () throws(StorageError) in try move(part, to: file.path, in: folder) }
        }
        _ = try fetch(file, from: store, onProgress: { _ in }, finish: finish)
    }

    /// Pins a version that is there.
    private func use(_ version: VersionFiles) throws(StorageError) -> CachedVersion? {
        let hex = version.digest.hex
        guard let pin = try pin(hex) else { return nil }
        // Another process may have been killed before it did.
        try files.syncFolder(layout.versions)
        if try list(of: hex) == nil {
            onNotice(.damagedRecord(path: layout.list(hex)))
            try locked { () throws(StorageError) in try self.store(version.text, at: layout.list(hex)) }
        }
        return cached(version, pin)
    }

    private func cached(_ version: VersionFiles, _ pin: any Sendable) -> CachedVersion {
        let hex = version.digest.hex
        touch(hex)
        return CachedVersion(folder: layout.folder(hex), version: version, pin: pin) { touch(hex) }
    }

    /// Makes a version visible whose files all lie in a folder, synced.
    private func publish(_ version: VersionFiles, _ staging: String) throws(StorageError) -> CachedVersion {
        let hex = version.digest.hex
        let pin = try locked { () throws(StorageError) in
            // First, so that no version is ever there without it.
            try store(version.text, at: layout.list(hex))
            if try files.status(of: layout.folder(hex)) == nil {
                // Not exclusively: not every file system can do that with folders, and nobody else writes under this lock.
                try files.rename(staging, to: layout.folder(hex), isExclusive: false)
                try files.syncFolder(layout.versions)
                try files.syncFolder(layout.fetching)
            } else {
                // Equal files that came from elsewhere, and were known only when these were here.
                for file in version.files {
                    guard let reason = damage(of: file, in: layout.folder(hex)) else { continue }
                    onNotice(.damagedFile(version: version.digest, path: file.path, reason: reason))
                    try move("\(staging)/\(file.path)", to: file.path, in: layout.folder(hex))
                }
                try durable.removeTree(staging)
            }
            return try files.lock(layout.lock(hex), .shared)
        }
        guard let pin else { throw StorageError(.system, "the lock of the cached version \(hex) isn't to be had") }
        return cached(version, pin)
    }

    /// Gives a synced file its place in a folder.
    func move(_ path: String, to place: String, in folder: String) throws(StorageError) {
        let target = "\(folder)/\(place)"
        if let slash = place.lastIndex(of: "/") { try durable.makeFolders(String(place[..<slash]), in: folder) }
        try files.rename(path, to: target, isExclusive: false)
        try files.syncFolder(DurableFiles.parent(of: target))
    }

    private func check(_ wanted: [WantedFile], _ location: String) throws(StorageError) {
        guard !wanted.isEmpty, wanted.count <= VersionManifest.maxFiles else {
            throw StorageError(
                .invalid,
                "a version has 1 to \(VersionManifest.maxFiles) files, and one in '\(location)' has \(wanted.count)"
            )
        }
        var paths: Set<String> = []
        var total = 0
        for file in wanted {
            guard ObjectKey(file.path) != nil, paths.insert(file.path).inserted else {
                throw StorageError(.invalid, "'\(file.path)' in '\(location)' leads out of its version, or comes twice")
            }
            guard file.byteCount >= 0, file.object.byteCount == file.byteCount else {
                throw StorageError(
                    .damaged,
                    "'\(file.object.key)' in '\(location)' has \(file.object.byteCount) bytes, and its manifest says "
                        + "\(file.byteCount): it was changed after it was published"
                )
            }
            let (sum, overflow) = total.addingReportingOverflow(file.byteCount)
            guard !overflow, sum <= configuration.byteLimit else {
                throw StorageError(
                    .tooLarge,
                    "a version in '\(location)' has more bytes than the cache '\(path)' may hold, "
                        + "\(configuration.byteLimit): raise cache_bytes"
                )
            }
            total = sum
        }
        for path in paths {
            let isInFile = path.indices.contains { path[$0] == "/" && paths.contains(String(path[..<$0])) }
            guard !isInFile else {
                throw StorageError(.invalid, "'\(path)' in '\(location)' lies in something that is a file itself")
            }
        }
    }
}
