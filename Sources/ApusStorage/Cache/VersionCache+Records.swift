internal import ApusProtocol

extension VersionCache {
    // MARK: - Sources

    /// Writes down what a source holds that is served now; what was kept of objects that it doesn't hold any more goes.
    package func remember(_ record: SourceRecord) throws(StorageError) {
        guard record.entries.count <= SourceRecord.maxObjects else {
            throw StorageError(
                .tooLarge,
                "'\(record.location)' holds more objects than the cache remembers, \(SourceRecord.maxObjects)"
            )
        }
        let text = record.text
        try locked { () throws(StorageError) in
            let path = layout.source(record.location)
            guard try contents(of: path, byteLimit: SourceRecord.maxBytes) != text else {
                // Whoever wrote it may have been killed before its sync.
                try files.syncFolder(DurableFiles.parent(of: path))
                return
            }
            try store(text, at: path)
            let kept = Set(record.entries.map { CacheLayout.stateName($0.object, in: record.location) })
            let prefix = CacheLayout.sourcePrefix(record.location)
            for folder in [layout.objects, layout.small] {
                for name in try files.names(in: folder) where name.hasPrefix(prefix) && !kept.contains(name) {
                    try files.removeFile("\(folder)/\(name)")
                }
            }
        }
    }

    /// What a source held when it was last served; `nil` when that isn't known.
    package func recall(_ location: String) throws(StorageError) -> SourceRecord? {
        let path = layout.source(location)
        guard try files.status(of: path) != nil else { return nil }
        guard let bytes = try contents(of: path, byteLimit: SourceRecord.maxBytes), let record = SourceRecord(bytes),
            record.location == location
        else {
            onNotice(.damagedRecord(path: path))
            return nil
        }
        return record
    }

    /// The digests of everything that sources held when they were last served.
    func rememberedDigests() throws(StorageError) -> Set<SHA256Digest> {
        var digests: Set<SHA256Digest> = []
        for name in try files.names(in: "\(path)/sources") {
            guard let bytes = try contents(of: "\(path)/sources/\(name)", byteLimit: SourceRecord.maxBytes),
                let record = SourceRecord(bytes)
            else { continue }
            for entry in record.entries {
                if let digest = entry.digest {
                    digests.insert(digest)
                } else if let digest = try knownDigest(entry.object, in: record.location) {
                    digests.insert(digest)
                }
            }
        }
        return digests
    }

    // MARK: - Objects

    /// The digest of an object's state that was found out when it was fetched; `nil` when it wasn't.
    package func knownDigest(_ object: StoredObject, in location: String) throws(StorageError) -> SHA256Digest? {
        let path = "\(layout.objects)/\(CacheLayout.stateName(object, in: location))"
        guard let bytes = try contents(of: path, byteLimit: 4096) else { return nil }
        guard let digest = CheckedRecord.decode(bytes)?.digest("content") else {
            onNotice(.damagedRecord(path: path))
            return nil
        }
        return digest
    }

    /// The digest that a file must have: its manifest's, or else the one that was found out before.
    func expectedDigest(of file: WantedFile, in location: String) throws(StorageError) -> SHA256Digest? {
        if let digest = file.digest { return digest }
        return try knownDigest(file.object, in: location)
    }

    /// Writes down the digests of objects that no manifest names.
    func remember(_ version: VersionFiles, _ wanted: [WantedFile], _ location: String) throws(StorageError) {
        let found = Dictionary(version.files.map { ($0.path, $0.digest) }) { first, _ in first }
        for file in wanted where file.digest == nil {
            guard let digest = found[file.path], try knownDigest(file.object, in: location) != digest else { continue }
            let path = "\(layout.objects)/\(CacheLayout.stateName(file.object, in: location))"
            try locked { () throws(StorageError) in
                try store(CheckedRecord.encode { $0.member("content", digest.description) }, at: path)
            }
        }
    }

    /// Reads a small object (a configuration, a manifest), from the cache where it was read before in the same state.
    ///
    /// - Parameters:
    ///   - object: Which one, in which state.
    ///   - store: Where it comes from.
    ///   - byteLimit: The most bytes.
    /// - Returns: Its bytes.
    /// - Throws: `tooLarge` beyond the limit, `changed` when the store has it in another state, or why it doesn't give it.
    package func read(
        _ object: StoredObject,
        from store: any ObjectStore,
        byteLimit: Int
    ) throws(StorageError) -> [UInt8] {
        guard object.byteCount <= byteLimit else {
            throw StorageError(
                .tooLarge,
                "'\(object.key)' in '\(store.location)' has \(object.byteCount) bytes; the most that is read is \(byteLimit)"
            )
        }
        let path = "\(layout.small)/\(CacheLayout.stateName(object, in: store.location))"
        let headCount = "sha256:".utf8.count + 64
        if let stored = try contents(of: path, byteLimit: byteLimit + headCount) {
            let bytes = Array(stored.dropFirst(headCount))
            let head = String(decoding: stored.prefix(headCount), as: UTF8.self)
            if SHA256Digest(of: bytes).description == head { return bytes }
            onNotice(.damagedRecord(path: path))
        }
        switch try store.read(object.key, byteLimit: byteLimit, unless: nil) {
        case .bytes(let bytes, object.tag) where bytes.count == object.byteCount:
            let head = Array(SHA256Digest(of: bytes).description.utf8)
            try locked { () throws(StorageError) in try self.store(head + bytes, at: path) }
            return bytes
        default:
            throw StorageError(
                .changed,
                "'\(object.key)' in '\(store.location)' was written or removed after it was listed: list it again"
            )
        }
    }
}
