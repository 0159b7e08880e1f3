internal import ApusCore
internal import ApusProtocol

extension VersionCache {
    /// The most versions of which the newest manifest is remembered.
    private static let maxManifests = 100_000

    /// Which manifest was the newest of each version when servers with this cache last looked.
    ///
    /// - Throws: `damaged` where older manifests are to be refused and nobody knows any more which ones are.
    package func manifestHistory(for policy: ManifestHistory.Policy) throws(StorageError) -> ManifestHistory {
        guard let bytes = try contents(of: layout.manifests, byteLimit: SourceRecord.maxBytes) else {
            return ManifestHistory()
        }
        guard let history = ManifestHistory(stored: bytes, maxCount: VersionCache.maxManifests) else {
            guard policy == .allowOlder else {
                throw StorageError(
                    .damaged,
                    "'\(layout.manifests)' is damaged: it says which manifests were the newest, and without it an older one "
                        + "could be put back unnoticed; check that none was, then remove the file"
                )
            }
            onNotice(.damagedRecord(path: layout.manifests))
            return ManifestHistory()
        }
        return history
    }

    /// Takes note of a manifest, durably, for this server and for others with this cache.
    ///
    /// - Throws: `untrusted` for one that is older than another that was seen of the version, where the policy refuses that, and
    ///   `damaged` where that can't be said any more.
    package func see(_ manifest: UnverifiedManifest, policy: ManifestHistory.Policy) throws(StorageError) {
        try locked { () throws(StorageError) in
            let before = try manifestHistory(for: policy)
            var history = before
            try history.see(manifest, policy: policy)
            guard history != before else { return }
            try store(history.stored, at: layout.manifests)
        }
    }
}

extension CacheLayout {
    /// Which manifest was the newest of each version.
    fileprivate var manifests: String { "\(path)/manifests.json" }
}

extension ManifestHistory {
    /// The history as it is stored.
    fileprivate var stored: [UInt8] {
        CheckedRecord.encode { text in
            text.key("versions")
            text.array { array in
                for (id, seen) in newest.sorted(by: { $0.key.description < $1.key.description }) {
                    array.object { object in
                        object.member("model", id.name.description)
                        object.member("version", id.version.number)
                        object.member("created", seen.created)
                        object.member("digest", seen.digest.description)
                    }
                }
            }
        }
    }

    /// Reads a stored history; `nil` when it isn't as it was written.
    fileprivate init?(stored bytes: [UInt8], maxCount: Int) {
        guard let members = CheckedRecord.decode(bytes, maxValues: maxCount * 5 + 10),
            case .array(let values) = members["versions"]
        else { return nil }
        var newest: [ModelID: Seen] = [:]
        for value in values {
            guard case .object(let object) = value, let name = object.string("model").flatMap({ ModelName($0) }),
                let version = object.integer("version").flatMap({ ModelVersion($0) }),
                let created = object.integer("created"), let digest = object.digest("digest")
            else { return nil }
            newest[ModelID(name: name, version: version)] = Seen(created: created, digest: digest)
        }
        self.init(newest: newest)
    }
}
