extension VersionCache {
    /// A version as evictions see it.
    struct StoredVersion {
        /// Its name.
        let hex: String
        /// Its files; `nil` when the list is damaged.
        let version: VersionFiles?
        /// Its size.
        let byteCount: Int
        /// In seconds since 1970; 0 when that isn't known.
        let lastUse: Int64
    }

    /// Writes down that a version is used now.
    ///
    /// Neither synced nor checked: a lost note costs at most a fetch some day.
    func touch(_ hex: String) {
        let digits = String(max(0, now()))
        let text = String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
        try? files.open(layout.lock(hex), .either).write(Array(text.utf8))
    }

    /// All versions.
    func storedVersions() throws(StorageError) -> [StoredVersion] {
        var found: [StoredVersion] = []
        for hex in try versionNames() {
            let version = try list(of: hex)
            let note = try contents(of: layout.lock(hex), byteLimit: 64) ?? []
            let lastUse = Int64(String(decoding: note, as: UTF8.self)) ?? 0
            var size = version?.byteCount
            if size == nil { size = try byteCount(of: layout.folder(hex)) }
            found.append(StoredVersion(hex: hex, version: version, byteCount: size ?? 0, lastUse: lastUse))
        }
        return found
    }

    /// How many bytes the files in a folder have.
    func byteCount(of folder: String) throws(StorageError) -> Int {
        var count = 0
        for name in try files.names(in: folder) {
            guard let status = try files.status(of: "\(folder)/\(name)") else { continue }
            count += status.kind == .folder ? try byteCount(of: "\(folder)/\(name)") : status.byteCount
        }
        return count
    }

    /// Removes what is too much, where more was in use at once than the cache may hold and isn't any more.
    package func trim() throws(StorageError) {
        try makeRoom(for: [], in: "")
    }

    /// Removes what wasn't used for longest until a version fits: first what was begun and not finished, then versions that
    /// no source held when it was last served, then the others; never what is in use.
    func makeRoom(for wanted: [WantedFile], in location: String) throws(StorageError) {
        let want = CacheLayout.wantName(wanted, in: location)
        let kept = Set(wanted.map { CacheLayout.partName($0.object, in: location) } + [want])
        let needed = wanted.reduce(0) { $0 + $1.byteCount }
        try locked { () throws(StorageError) in
            let versions = try storedVersions()
            // What is begun of this version is a part of what it needs.
            let others = try begun().filter { !kept.contains($0.name) }
            let total = versions.reduce(0) { $0 + $1.byteCount } + others.reduce(0) { $0 + $1.byteCount }
            var excess = total + needed - configuration.byteLimit
            guard excess > 0 else { return }
            excess -= try remove(others, upTo: excess)
            guard excess > 0 else { return }
            let remembered = try rememberedDigests()
            let order = versions.map { version in
                (isRemembered: version.version?.files.allSatisfy { remembered.contains($0.digest) } ?? false, version)
            }.sorted { left, right in
                if left.isRemembered != right.isRemembered { return right.isRemembered }
                return (left.1.lastUse, left.1.hex) < (right.1.lastUse, right.1.hex)
            }
            for (_, version) in order where excess > 0 {
                guard try evict(version.hex) else { continue }
                onNotice(.evicted(version: version.hex, byteCount: version.byteCount))
                excess -= version.byteCount
            }
            if excess > 0 {
                onNotice(.overLimit(byteCount: configuration.byteLimit + excess, limit: configuration.byteLimit))
            }
        }
    }

    /// Removes a version unless it is in use; under the lock.
    private func evict(_ hex: String) throws(StorageError) -> Bool {
        guard let lock = try files.lock(layout.lock(hex), .exclusiveIfFree) else { return false }
        defer { withExtendedLifetime(lock) {} }
        let gone = "\(layout.fetching)/\(CacheLayout.gonePrefix)\(hex)"
        try durable.removeTree(gone)
        try files.rename(layout.folder(hex), to: gone, isExclusive: false)
        try files.syncFolder(layout.versions)
        try durable.removeTree(gone)
        try files.removeFile(layout.list(hex))
        try files.removeFile(layout.lock(hex))
        return true
    }

    // MARK: - Leftovers

    /// Removes what processes left that have ended, and that nobody can go on with or has for long.
    func removeLeftovers() throws(StorageError) {
        try locked { () throws(StorageError) in
            for folder in CacheLayout.folders {
                for name in try files.names(in: "\(layout.path)/\(folder)") {
                    let path = "\(layout.path)/\(folder)/\(name)"
                    // The one for a file that is being fetched isn't written under this lock.
                    if name.hasSuffix(".tmp"), folder != "fetching" { try files.removeFile(path) }
                    if name.hasPrefix(CacheLayout.gonePrefix), folder == "fetching" { try durable.removeTree(path) }
                }
            }
            try removeLists()
            let begun = try begun()
            let limit = now() - configuration.leftoverLifetime
            _ = try remove(begun.filter { $0.modified / 1_000_000_000 < limit })
            // Notes and locks of what isn't there any more.
            let names = try files.names(in: layout.fetching).map { String($0.prefix { $0 != "." }) }
            for name in Set(names).subtracting(begun.map(\.name)) { try removePart(name) }
        }
    }

    /// Removes lists and locks of versions that are gone.
    private func removeLists() throws(StorageError) {
        let names = try files.names(in: layout.versions)
        let versions = Set(try versionNames())
        for name in names where !versions.contains(name) {
            let hex = String(name.prefix { $0 != "." })
            guard !versions.contains(hex) else { continue }
            guard let lock = try files.lock(layout.lock(hex), .exclusiveIfFree) else { continue }
            defer { withExtendedLifetime(lock) {} }
            try files.removeFile(layout.list(hex))
            try files.removeFile(layout.lock(hex))
        }
    }

    /// A version that is being put together, or a file that is being fetched.
    struct Begun {
        /// Its name in `fetching/`, without what follows a dot.
        let name: String
        /// Whether it is a version.
        let isFolder: Bool
        /// When it was last written to, in nanoseconds since 1970.
        let modified: Int64
        /// How much of it is there.
        let byteCount: Int
    }

    /// What was begun and isn't finished, by whomever.
    func begun() throws(StorageError) -> [Begun] {
        var begun: [Begun] = []
        for name in try files.names(in: layout.fetching) {
            let path = "\(layout.fetching)/\(name)"
            guard let status = try files.status(of: path) else { continue }
            let isFolder = status.kind == .folder
            guard isFolder || name.hasSuffix(".part") else { continue }
            let size = isFolder ? try byteCount(of: path) : status.byteCount
            let base = String(name.prefix { $0 != "." })
            begun.append(Begun(name: base, isFolder: isFolder, modified: status.modified, byteCount: size))
        }
        return begun
    }

    /// Removes what was begun, the oldest first, unless somebody is at it, until so many bytes are gone; says how many went.
    private func remove(_ begun: [Begun], upTo byteCount: Int = .max) throws(StorageError) -> Int {
        var removed = 0
        for item in begun.sorted(by: { $0.modified < $1.modified }) where removed < byteCount {
            let isGone = item.isFolder ? try removeStaging(item.name) : try removePart(item.name)
            if isGone { removed += item.byteCount }
        }
        return removed
    }

    private func removeStaging(_ name: String) throws(StorageError) -> Bool {
        let lockPath = "\(layout.fetching)/\(name).lock"
        guard let lock = try files.lock(lockPath, .exclusiveIfFree) else { return false }
        defer { withExtendedLifetime(lock) {} }
        // Another name first: one with a part of its files missing would be gone on with, which is right, but slow.
        try durable.removeTree("\(layout.fetching)/\(name)")
        try files.removeFile(lockPath)
        return true
    }
}
