package import ApusCore
package import ApusStorage
internal import Synchronization

/// A folder on this machine in which versions with manifests are taken like those of a bucket: copied into the cache,
/// checked and opened there, so that nobody who can write to the folder can change them once they are checked.
///
/// Locks: `published`, very short.
package final class PublishedModelStorage: ModelStorage {
    private let folder: LocalModelStorage
    private let store: any ObjectStore
    private let prepared: PreparedVersions
    /// Versions with a manifest, as far as anybody wanted to load them.
    private let published = Mutex<Set<StoragePath>>([])

    /// Joins a folder with the store that it is too.
    package init(_ folder: LocalModelStorage, store: any ObjectStore, prepared: PreparedVersions) {
        self.folder = folder
        self.store = store
        self.prepared = prepared
    }

    package var location: String { folder.location }
    package var name: String { folder.name }

    package func entries(of path: StoragePath) throws(ModelError) -> [StorageEntry] {
        try folder.entries(of: path)
    }

    package func contents(of file: StoragePath, byteLimit: Int) throws(ModelError) -> [UInt8] {
        try folder.contents(of: file, byteLimit: byteLimit)
    }

    package func locate(_ file: StoragePath) throws(ModelError) -> StoredFile {
        if let stored = try prepared.locate(file) { return stored }
        let isPublished = published.withLock { $0.contains { file.description.hasPrefix("\($0)/") } }
        guard !isPublished else {
            // What lies in the folder hasn't been checked.
            throw ModelError(
                .unreachable,
                "'\(file)' of '\(location)' isn't in the cache any more; the next look brings it"
            )
        }
        return try folder.locate(file)
    }

    package func mustPrepare(_ version: VersionFolder) -> Bool {
        guard version.manifest != nil else { return false }
        published.withLock { _ = $0.insert(version.path) }
        return true
    }

    package func prepare(_ version: VersionFolder) throws(ModelError) -> (any Sendable)? {
        guard let manifest = version.manifest?.content else { return nil }
        let files = try manifest.wantedFiles(in: version.path) { place throws(ModelError) in
            try ObjectKey(place).flatMap { key throws(ModelError) in try describe(key) }
        }
        return try prepared.prepare(version.path, files: files, manifest: manifest)
    }

    private func describe(_ key: ObjectKey) throws(ModelError) -> StoredObject? {
        do throws(StorageError) {
            return try store.describe(key)
        } catch {
            throw ModelError(error)
        }
    }
}
