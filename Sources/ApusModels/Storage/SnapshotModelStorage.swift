package import ApusCore
package import ApusStorage

/// An object store as it was at one look: its keys as folders and files.
///
/// Small files come through the cache; a version's files have to be prepared before they are opened.
package final class SnapshotModelStorage: ModelStorage {
    package let location: String
    package let name: String
    private let store: any ObjectStore
    private let cache: VersionCache
    private let prepared: PreparedVersions
    private let folders: [String: [StorageEntry]]
    private let objects: [String: StoredObject]

    /// Takes a look's outcome.
    ///
    /// - Parameters:
    ///   - objects: Everything that is there.
    ///   - store: Where it lies.
    ///   - cache: Where it's brought.
    ///   - prepared: What is there already; the same for all looks at a store.
    package init(
        _ objects: [StoredObject],
        in store: any ObjectStore,
        cache: VersionCache,
        prepared: PreparedVersions
    ) {
        self.location = store.location
        self.name = store.location.split(separator: "/").last.map(String.init) ?? ""
        self.store = store
        self.cache = cache
        self.prepared = prepared
        self.objects = Dictionary(objects.map { ($0.key.description, $0) }, uniquingKeysWith: { first, _ in first })
        self.folders = SnapshotModelStorage.folders(of: objects)
    }

    package func entries(of folder: StoragePath) throws(ModelError) -> [StorageEntry] {
        guard let entries = folders[folder.description] else {
            guard folder == .root else { throw missing(folder) }
            return []
        }
        return entries
    }

    package func contents(of file: StoragePath, byteLimit: Int) throws(ModelError) -> [UInt8] {
        guard let object = objects[file.description] else { throw missing(file) }
        do throws(StorageError) {
            return try cache.read(object, from: store, byteLimit: byteLimit)
        } catch {
            throw ModelError(error)
        }
    }

    package func locate(_ file: StoragePath) throws(ModelError) -> StoredFile {
        guard objects[file.description] != nil else { throw missing(file) }
        guard let stored = try prepared.locate(file) else {
            let reason = "'\(file)' of '\(location)' isn't in the cache any more; the next look brings it"
            throw ModelError(.unreachable, reason)
        }
        return stored
    }

    package func mustPrepare(_ version: VersionFolder) -> Bool { true }

    package func prepare(_ version: VersionFolder) throws(ModelError) -> (any Sendable)? {
        let files = try version.manifest.map { manifest throws(ModelError) in
            try manifest.content.wantedFiles(in: version.path) { objects[$0] }
        }
        return try prepared.prepare(
            version.place,
            files: files ?? present(in: version),
            manifest: version.manifest?.content
        )
    }

    /// Everything in a version's folder.
    private func present(in version: VersionFolder) -> [WantedFile] {
        guard version.path != .root, version.filename == nil else {
            return version.entries.filter(\.isFile).compactMap { entry in
                guard let path = version.path.appending(entry.name), let object = objects[path.description] else {
                    return nil
                }
                return WantedFile(path: entry.name, object: object, byteCount: object.byteCount)
            }
        }
        let prefix = "\(version.path)/"
        let inside = objects.values.filter { $0.key.description.hasPrefix(prefix) }.sorted { $0.key < $1.key }
        return inside.map { object in
            let path = String(object.key.description.dropFirst(prefix.count))
            return WantedFile(path: path, object: object, byteCount: object.byteCount)
        }
    }

    private func missing(_ path: StoragePath) -> ModelError {
        ModelError(.unreadable, "'\(location)' has no '\(path)'")
    }

    /// Keys as folders with entries, sorted by name.
    private static func folders(of objects: [StoredObject]) -> [String: [StorageEntry]] {
        var kinds: [String: [String: StorageEntry]] = [:]
        for object in objects {
            var folder = "."
            let components = object.key.description.split(separator: "/").map(String.init)
            for component in components.dropLast() {
                if kinds[folder, default: [:]][component] == nil {
                    kinds[folder, default: [:]][component] = StorageEntry(name: component, kind: .folder)
                }
                folder = folder == "." ? component : "\(folder)/\(component)"
            }
            guard let name = components.last else { continue }
            kinds[folder, default: [:]][name] = StorageEntry(
                name: name,
                kind: .file,
                stamp: "\(object.byteCount)-\(object.tag)",
                modified: object.modified
            )
        }
        return kinds.mapValues { $0.values.sorted { $0.name < $1.name } }
    }
}

extension VersionFolder {
    /// What lies where no other version does: its folder, or its one file.
    fileprivate var place: StoragePath { filename.flatMap { path.appending($0) } ?? path }
}
