internal import ApusProtocol

extension VersionCache {
    /// Where a file lies that another version has too.
    struct LocalCopy {
        /// The version.
        let hex: String
        /// The file in it.
        let file: CachedFile
    }

    /// Finds files of other versions with digests that are wanted.
    func localCopies(of wanted: [WantedFile]) throws(StorageError) -> [SHA256Digest: LocalCopy] {
        let digests = Set(wanted.compactMap(\.digest))
        guard !digests.isEmpty else { return [:] }
        var copies: [SHA256Digest: LocalCopy] = [:]
        for hex in try versionNames() {
            for file in try list(of: hex)?.files ?? [] where digests.contains(file.digest) {
                copies[file.digest] = LocalCopy(hex: hex, file: file)
            }
        }
        return copies
    }

    /// Brings one file into a folder, checked and synced: it is there from an earlier time, another version has it, or the
    /// store gives it.
    func place(
        _ file: WantedFile,
        from store: any ObjectStore,
        into folder: String,
        _ copies: [SHA256Digest: LocalCopy],
        onProgress: @escaping @Sendable (Int) -> Void
    ) throws(StorageError) -> CachedFile {
        let place = "\(folder)/\(file.path)"
        if try files.status(of: place)?.kind == .file {
            // It got its name after its bytes were synced, so it is whole; the folder's name stands for the object's state.
            let (digest, byteCount) = try files.openForReading(place).digest()
            if byteCount == file.byteCount, file.digest == nil || file.digest == digest {
                try files.syncFolder(DurableFiles.parent(of: place))
                return CachedFile(path: file.path, byteCount: byteCount, digest: digest)
            }
            try files.removeFile(place)
        }
        if let digest = file.digest, let copy = copies[digest],
            try self.copy(copy, to: file, in: folder, store.location)
        {
            return CachedFile(path: file.path, byteCount: file.byteCount, digest: digest)
        }
        let digest = try fetch(file, from: store, onProgress: onProgress) { part throws(StorageError) in
            try move(part, to: file.path, in: folder)
        }
        return CachedFile(path: file.path, byteCount: file.byteCount, digest: digest)
    }

    /// Copies a file of another version; says whether it was still what it should be.
    private func copy(
        _ copy: LocalCopy,
        to file: WantedFile,
        in folder: String,
        _ location: String
    ) throws(StorageError) -> Bool {
        guard copy.file.byteCount == file.byteCount, let pin = try pin(copy.hex) else { return false }
        defer { withExtendedLifetime(pin) {} }
        let source = layout.folder(copy.hex)
        guard damage(of: copy.file, in: source) == nil else { return false }
        return try withPart(of: file.object, in: location) { name throws(StorageError) in
            let part = "\(layout.fetching)/\(name).part"
            try forget(name)
            let input = try files.openForReading("\(source)/\(copy.file.path)")
            let output = try files.open(part, .either)
            try output.truncate(to: 0)
            var offset = 0
            try unsafe input.readPieces(from: 0) { piece throws(StorageError) in
                try unsafe output.write(piece, at: offset)
                offset += piece.count
            }
            try output.sync()
            guard try output.digest().digest == copy.file.digest else { return false }
            try move(part, to: file.path, in: folder)
            return true
        }
    }

    /// Fetches a file, going on where an earlier try ended; a damaged one a second time from its beginning.
    ///
    /// - Parameters:
    ///   - file: Which one.
    ///   - store: Where it comes from.
    ///   - onProgress: Told how many of its bytes are there.
    ///   - finish: Gives the file, whole and synced, its place.
    /// - Returns: The digest of its bytes.
    /// - Throws: `damaged` when both times other bytes came than the manifest says, or why the store doesn't give it.
    func fetch(
        _ file: WantedFile,
        from store: any ObjectStore,
        onProgress: @escaping @Sendable (Int) -> Void,
        finish: (String) throws(StorageError) -> Void
    ) throws(StorageError) -> SHA256Digest {
        let object = file.object
        return try withPart(of: object, in: store.location) { name throws(StorageError) in
            let expected = try expectedDigest(of: file, in: store.location)
            try removeOtherStates(than: name)
            let part = "\(layout.fetching)/\(name).part"
            for attempt in 0..<2 {
                let digest = try transfer(object, name, from: store, isAnew: attempt > 0, onProgress)
                // What was found out before is no promise of the publisher: twice the same is believed.
                if digest == expected || expected == nil || (file.digest == nil && attempt > 0) {
                    try finish(part)
                    try files.removeFile("\(layout.fetching)/\(name).reached")
                    return digest
                }
                if attempt == 0 {
                    onNotice(.damagedTransfer(key: object.key, reason: "its digest is \(digest)"))
                }
            }
            try files.removeFile(part)
            throw StorageError(
                .damaged,
                "'\(object.key)' in '\(store.location)' was fetched twice and hasn't the digest \(expected?.description ?? "")"
                    + " that its manifest says: it was changed or damaged there; publish it again"
            )
        }
    }

    /// One try: as many bytes as are missing, then all of them on the disk.
    private func transfer(
        _ object: StoredObject,
        _ name: String,
        from store: any ObjectStore,
        isAnew: Bool,
        _ onProgress: @escaping @Sendable (Int) -> Void
    ) throws(StorageError) -> SHA256Digest {
        let file = try files.open("\(layout.fetching)/\(name).part", .either)
        let isSmall = object.byteCount <= configuration.stepByteCount
        let start = isAnew || isSmall ? 0 : min(try reached(name), try file.byteCount(), object.byteCount)
        if start == 0, !isSmall { try forget(name) }
        try file.truncate(to: start)
        let follower = FileFollower(file, configuration, resumeOffset: start) { reached throws(StorageError) in
            try note(reached, name)
        }
        do throws(StorageError) {
            try store.fetch(
                object,
                into: file,
                progress: FetchProgress(resumeOffset: start) { reached in
                    follower.reached(reached)
                    onProgress(reached)
                }
            )
            guard try file.byteCount() == object.byteCount else {
                throw StorageError(
                    .damaged,
                    "'\(object.key)' in '\(store.location)' came with \(try file.byteCount()) bytes, not "
                        + "\(object.byteCount)"
                )
            }
        } catch {
            if !isSmall, error.code != .changed, error.code != .damaged {
                // The first failure is the one to tell; without the note the next try begins earlier.
                try? follower.interrupted()
            } else {
                follower.stop()
            }
            throw error
        }
        return try follower.finish(object.byteCount)
    }

    /// Does something with an object's file in `fetching/` that nobody else may do at the same time.
    private func withPart<Value>(
        of object: StoredObject,
        in location: String,
        _ body: (String) throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        let name = CacheLayout.partName(object, in: location)
        let lockPath = "\(layout.fetching)/\(name).lock"
        let lock = try files.lock(lockPath)
        defer { withExtendedLifetime(lock) {} }
        let value = try body(name)
        try files.removeFile(lockPath)
        return value
    }

    // MARK: - How far it is

    /// How many bytes of a file are there, synced.
    private func reached(_ name: String) throws(StorageError) -> Int {
        guard let bytes = try contents(of: "\(layout.fetching)/\(name).reached", byteLimit: 4096) else { return 0 }
        return CheckedRecord.decode(bytes)?.size("reached") ?? 0
    }

    private func note(_ reached: Int, _ name: String) throws(StorageError) {
        try store(
            CheckedRecord.encode { $0.member("reached", reached) },
            at: "\(layout.fetching)/\(name).reached"
        )
    }

    /// Has a file begin at 0 whatever happens: a note of an earlier one must not come back after a power cut.
    private func forget(_ name: String) throws(StorageError) {
        try durable.removeFile("\(layout.fetching)/\(name).reached")
    }

    /// Removes what there is of the same object in states that nobody will ask for any more.
    private func removeOtherStates(than name: String) throws(StorageError) {
        let prefix = name.prefix { $0 != "-" } + "-"
        for other in try files.names(in: layout.fetching) where other.hasPrefix(prefix) && other.hasSuffix(".part") {
            let otherName = String(other.dropLast(".part".count))
            if otherName != name { try removePart(otherName) }
        }
    }

    /// Removes a file that was begun, unless somebody is at it.
    @discardableResult
    func removePart(_ name: String) throws(StorageError) -> Bool {
        let base = "\(layout.fetching)/\(name)"
        guard let lock = try files.lock("\(base).lock", .exclusiveIfFree) else { return false }
        defer { withExtendedLifetime(lock) {} }
        try forget(name)
        try files.removeFile("\(base).reached.tmp")
        try files.removeFile("\(base).part")
        try files.removeFile("\(base).lock")
        return true
    }
}
