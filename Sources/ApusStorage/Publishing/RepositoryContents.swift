package import ApusCore

/// What a store's listing means: models, versions, and the files that belong to neither.
package struct RepositoryContents: Sendable {
    /// The most objects of a repository.
    package static let maxObjects = 1_000_000

    /// A version as it is listed.
    package struct Version: Sendable {
        /// Its objects by their path in the version's folder.
        package fileprivate(set) var objects: [String: StoredObject] = [:]

        /// Its manifest, when it is published.
        package var manifest: StoredObject? { objects[VersionManifest.filename] }
        /// The claim of a push that isn't through, or died.
        package var claim: StoredObject? { objects[VersionManifest.claimFilename] }
        /// All others, sorted by path.
        package var files: [(path: String, object: StoredObject)] {
            objects.filter { $0.key != VersionManifest.filename && $0.key != VersionManifest.claimFilename }
                .sorted { $0.value.key < $1.value.key }.map { ($0.key, $0.value) }
        }
        /// How many bytes those have, as far as the listing tells.
        var byteCount: Int { files.map(\.object.byteCount).saturatingSum }
    }

    /// A model as it is listed.
    package struct Model: Sendable {
        /// Its versions.
        package fileprivate(set) var versions: [ModelVersion: Version] = [:]
        /// What lies beside the versions (labels too), sorted by key.
        package fileprivate(set) var files: [StoredObject] = []

        /// The versions that are published, sorted.
        package var published: [ModelVersion] {
            versions.filter { $0.value.manifest != nil }.map(\.key).sorted()
        }
    }

    /// The models.
    package private(set) var models: [ModelName: Model] = [:]

    /// The models' names, sorted.
    package var names: [ModelName] { models.keys.sorted() }

    /// Sorts a listing out; what isn't below a folder that could be a model's is passed over.
    package init(_ objects: [StoredObject]) {
        for object in objects {
            let parts = object.key.description.split(separator: "/", maxSplits: 2)
            guard parts.count > 1, let name = ModelName(String(parts[0])) else { continue }
            if parts.count == 3, let version = ModelVersion(parsing: parts[1]) {
                models[name, default: Model()].versions[version, default: Version()].objects[String(parts[2])] = object
            } else {
                models[name, default: Model()].files.append(object)
            }
        }
    }

    /// Lists a store, or one model of it.
    package init(of store: any ObjectStore, model: ModelName? = nil) throws(StorageError) {
        let prefix = model.map { "\($0)/" } ?? ""
        self.init(try store.list(prefix, limit: RepositoryContents.maxObjects))
    }
}

extension ObjectStore {
    /// The manifest of a version; `nil` when it isn't published.
    func manifest(of version: ModelID) throws(StorageError) -> (read: UnverifiedManifest, bytes: [UInt8])? {
        let key = VersionManifest.key(of: version)
        switch try read(key, byteLimit: VersionManifest.maxBytes, unless: nil) {
        case .absent, .unchanged: return nil
        case .bytes(let bytes, _): return (try VersionManifest.read(bytes, expecting: version), bytes)
        }
    }

    /// The labels of a model and their state; no state when there is no file.
    func labels(of model: ModelName) throws(StorageError) -> (pointer: LabelPointer, tag: EntityTag?) {
        switch try read(LabelPointer.key(of: model), byteLimit: LabelPointer.maxBytes, unless: nil) {
        case .absent, .unchanged: return (LabelPointer(), nil)
        case .bytes(let bytes, let tag): return (try LabelPointer.read(bytes, of: model), tag)
        }
    }
}
