package import ApusCore

extension Publisher {
    /// A version as the history shows it.
    package struct Record: Sendable {
        /// How far a version has come.
        package enum State: Sendable, Equatable {
            /// It has a manifest.
            case published
            /// It has a claim only: it is being pushed, or a push died.
            case claimed
            /// It has neither: somebody copied it by hand.
            case unmanaged
            /// Its manifest can't be read, and why.
            case damaged(String)
        }

        /// The version.
        package let version: ModelVersion
        /// How far it has come.
        package let state: State
        /// The bytes of its files.
        package let byteCount: Int
        /// The labels that point to it, sorted.
        package let labels: [VersionLabel]
        /// Its manifest, not verified.
        package let manifest: UnverifiedManifest?
    }

    /// All that is known of a model.
    package struct History: Sendable {
        /// Its versions, the newest last.
        package let records: [Record]
        /// What happened to its labels, the newest last.
        package let moves: [LabelPointer.Move]
    }

    /// The versions of a model, and what happened to its labels.
    ///
    /// - Throws: `notFound` when there is no such model.
    package func history(of model: ModelName) throws(StorageError) -> History {
        let contents = try RepositoryContents(of: store, model: model)
        guard let listed = contents.models[model] else { throw try unknown(model) }
        let pointer = try store.labels(of: model).pointer
        var records: [Record] = []
        for version in listed.versions.keys.sorted() {
            guard let objects = listed.versions[version] else { continue }
            records.append(try record(ModelID(name: model, version: version), objects, pointer))
        }
        return History(records: records, moves: pointer.moves)
    }

    /// All that is known of one version.
    ///
    /// - Throws: `notFound` when it isn't published.
    package func describe(_ version: ModelID) throws(StorageError) -> Record {
        let contents = try RepositoryContents(of: store, model: version.name)
        guard let objects = contents.models[version.name]?.versions[version.version], objects.manifest != nil else {
            throw try unpublished(version)
        }
        return try record(version, objects, try store.labels(of: version.name).pointer)
    }

    /// Makes sure that there is something to work on: an address with a slip in it looks like an empty store.
    ///
    /// - Throws: `notFound` when no model has a version.
    package func requireModels() throws(StorageError) {
        guard try RepositoryContents(of: store).models.values.allSatisfy(\.versions.isEmpty) else { return }
        throw StorageError(.notFound, "nothing is published in \(store.location): is that the right place?")
    }

    /// Says what there is in place of a model that isn't published.
    func unknown(_ model: ModelName) throws(StorageError) -> StorageError {
        let names = try RepositoryContents(of: store).names.prefix(10).map { "'\($0)'" }.joined(separator: ", ")
        let there = names.isEmpty ? "it holds none" : "it has \(names)"
        return StorageError(.notFound, "there is no model '\(model)' in \(store.location); \(there)")
    }

    private func record(
        _ version: ModelID,
        _ listed: RepositoryContents.Version,
        _ pointer: LabelPointer
    ) throws(StorageError) -> Record {
        var manifest: UnverifiedManifest?
        var state: Record.State = listed.claim == nil ? .unmanaged : .claimed
        if listed.manifest != nil {
            do throws(StorageError) {
                manifest = try store.manifest(of: version)?.read
                state = .published
            } catch {
                guard error.code == .damaged || error.code == .unsupported else { throw error }
                state = .damaged(error.message)
            }
        }
        let byteCount = manifest?.contents.files.map(\.byteCount).saturatingSum ?? listed.byteCount
        return Record(
            version: version.version,
            state: state,
            byteCount: byteCount,
            labels: pointer.labels(of: version.version),
            manifest: manifest
        )
    }
}
