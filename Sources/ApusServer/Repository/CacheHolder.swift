internal import ApusCore
internal import ApusStorage
internal import Logging
internal import Synchronization

/// The cache of versions, opened when the first version needs it: a folder of plain models needs none.
///
/// Locks: `opened`, held while the cache is opened.
final class CacheHolder: Sendable {
    private let folder: String
    private let byteLimit: Int
    private let logger: Logger
    private let opened = Mutex<VersionCache?>(nil)

    /// Notes where the cache is.
    init(_ settings: StoreSettings, environment: [String: String], logger: Logger) {
        self.folder = settings.cacheFolder(environment)
        self.byteLimit = settings.cacheBytes
        self.logger = logger
    }

    /// The cache.
    ///
    /// - Throws: `system` when its folder can't be made or written.
    func get() throws(StorageError) -> VersionCache {
        let outcome = opened.withLock { opened in
            Result { () throws(StorageError) in
                if let opened { return opened }
                let cache = try VersionCache(
                    path: folder,
                    configuration: VersionCache.Configuration(byteLimit: byteLimit),
                    now: { WallClock.millisecondsSince1970 / 1000 },
                    onNotice: { [logger] notice in
                        logger.warning("The cache of versions gives notice", metadata: [LogKeys.reason: "\(notice)"])
                    }
                )
                opened = cache
                return cache
            }
        }
        return try outcome.get()
    }

    /// The listing that was served last from a source; `nil` when none is remembered.
    func recall(_ location: String) -> [StoredObject]? {
        do throws(StorageError) {
            return try get().recall(location)?.entries.map(\.object)
        } catch {
            logger.warning("The cache can't be read", metadata: [LogKeys.reason: "\(error.message)"])
            return nil
        }
    }
}
