/// A version in the cache whose files have been checked; it stays there while this lives.
package final class CachedVersion: Sendable {
    /// The folder with its files, an absolute path.
    package let folder: String
    /// What names it: the digest of its files' paths, sizes and digests.
    package let digest: SHA256Digest
    /// Its files, sorted by path.
    package let files: [CachedFile]
    /// A shared lock, which evictions in this process and in others respect.
    private let pin: any Sendable
    private let onRelease: @Sendable () -> Void

    /// Pins a version.
    init(folder: String, version: VersionFiles, pin: any Sendable, onRelease: @escaping @Sendable () -> Void) {
        self.folder = folder
        self.digest = version.digest
        self.files = version.files
        self.pin = pin
        self.onRelease = onRelease
    }

    deinit {
        // Used until now, and so evicted after what wasn't.
        onRelease()
    }
}
