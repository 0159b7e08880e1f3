internal import ApusCore
package import ApusStorage
internal import Logging

/// What lies in the cache of versions.
package struct CacheReport: Sendable {
    /// A few lines for people.
    package let text: String
    /// Whether every file is what it was when it was fetched.
    package let isWell: Bool

    /// Reads every file of the cache; blocks.
    ///
    /// - Throws: `system` when its folder can't be read.
    package init(_ configuration: ServerConfiguration) throws(StorageError) {
        let folder = configuration.store.cacheFolder(configuration.environment)
        let holder = CacheHolder(
            configuration.store,
            environment: configuration.environment,
            logger: Logger(label: "apus") { _ in SwiftLogNoOpLogHandler() }
        )
        let cache = try holder.get()
        let usage = try cache.usage()
        let damages = try cache.verify()
        var text = "\(folder): \(usage.versionCount) versions, \(usage.byteCount) of \(usage.byteLimit) bytes\n"
        for damage in damages { text += "FAIL \(damage.version)/\(damage.path): \(damage.reason)\n" }
        self.text = text
        self.isWell = damages.isEmpty
    }
}
