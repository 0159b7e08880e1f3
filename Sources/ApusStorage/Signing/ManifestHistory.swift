package import ApusCore

/// Remembers the newest manifest of each version, so that an older one can't be brought back unnoticed.
///
/// A signature proves who wrote a manifest, not that it is the last one: whoever can write to the bucket could put back one
/// that was signed long ago for the same version. Pure; who uses it keeps it where it outlives a restart.
package struct ManifestHistory: Sendable, Equatable {
    /// What was seen of a version.
    package struct Seen: Sendable, Equatable {
        /// When the manifest was made, in seconds since 1970.
        package let created: Int64
        /// Which one it was.
        package let digest: SHA256Digest

        /// Describes a manifest.
        package init(created: Int64, digest: SHA256Digest) {
            self.created = created
            self.digest = digest
        }
    }

    /// What happens to an older manifest.
    package enum Policy: Sendable {
        /// It counts like any other: versions may be restored from a backup.
        case allowOlder
        /// It is refused.
        case refuseOlder
    }

    /// The newest manifest of each version.
    package private(set) var newest: [ModelID: Seen]

    /// Goes on from what was seen before.
    package init(newest: [ModelID: Seen] = [:]) {
        self.newest = newest
    }

    /// Takes note of a manifest that has been verified.
    ///
    /// - Throws: `untrusted` for one that is older than another of the same version, where the policy refuses that.
    package mutating func see(_ manifest: UnverifiedManifest, policy: Policy) throws(StorageError) {
        let contents = manifest.contents
        let id = ModelID(name: contents.model, version: contents.version)
        if let seen = newest[id], contents.created < seen.created, manifest.digest != seen.digest {
            guard policy == .allowOlder else {
                throw StorageError(
                    .untrusted,
                    "\(manifest.place) was made at \(contents.created) s, but one of \(seen.created) s was there before: "
                        + "an older manifest has been put back; publish the version again, or remove it"
                )
            }
            return
        }
        newest[id] = Seen(created: contents.created, digest: manifest.digest)
    }
}
