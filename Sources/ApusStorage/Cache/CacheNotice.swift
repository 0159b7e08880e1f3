/// Something that a cache did or found by itself and that its operator should know.
package enum CacheNotice: Hashable, Sendable, CustomStringConvertible {
    /// A version's file isn't what it was when it was fetched.
    case damagedFile(version: SHA256Digest, path: String, reason: String)
    /// A note of the cache can't be read any more; it goes on without.
    case damagedRecord(path: String)
    /// What was fetched isn't what it should be; it is fetched again, once.
    case damagedTransfer(key: ObjectKey, reason: String)
    /// A version was removed to make room.
    case evicted(version: String, byteCount: Int)
    /// All that could go went, and it is still too much: what is in use stays.
    case overLimit(byteCount: Int, limit: Int)

    package var description: String {
        switch self {
        case .damagedFile(let version, let path, let reason):
            "'\(path)' of the cached version \(version) is damaged: \(reason)"
        case .damagedRecord(let path): "'\(path)' in the cache can't be read any more and isn't used"
        case .damagedTransfer(let key, let reason):
            "'\(key)' was fetched and is damaged, it is fetched again: \(reason)"
        case .evicted(let version, let byteCount): "the cached version \(version) with \(byteCount) bytes made room"
        case .overLimit(let byteCount, let limit):
            "the cache has \(byteCount) bytes where \(limit) were allowed, because all that is in it is in use"
        }
    }
}

/// How far the preparation of a version has come, in bytes of its files.
package struct PreparationProgress: Hashable, Sendable {
    /// What is there.
    package let byteCount: Int
    /// What it will have.
    package let total: Int
}
