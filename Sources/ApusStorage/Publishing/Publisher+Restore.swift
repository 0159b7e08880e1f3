package import ApusCore

extension Publisher {
    /// What a restore did.
    package struct Restored: Sendable {
        /// Versions that are there now and weren't before.
        package fileprivate(set) var copied: [ModelID] = []
        /// Versions that were there already.
        package fileprivate(set) var present: [ModelID] = []
        /// Versions that were there with damaged or missing files, which are put right now.
        package fileprivate(set) var mended: [ModelID] = []
        /// The models whose labels are those of the backup now and weren't before, with what that changed.
        package fileprivate(set) var labelled: [(model: ModelName, moves: [LabelPointer.Move])] = []
        /// The other objects that were written.
        package fileprivate(set) var objectCount = 0
    }

    /// Brings a repository back out of a backup.
    ///
    /// The whole archive is checked before anything is written: its entries (which anybody may have made), sizes, digests,
    /// manifests, and that no version is there with another manifest. Then come the models' files, the versions with their
    /// manifests, and last the labels. Cut at any moment, the next run goes on.
    ///
    /// - Parameters:
    ///   - path: The archive.
    ///   - policy: What the manifests must prove.
    /// - Returns: What was written.
    /// - Throws: `damaged`, `untrusted` or `unsupported` with the entry; `conditionFailed` when a version is there with
    ///   another manifest.
    package func restore(_ path: String, policy: SignaturePolicy = .open) throws(StorageError) -> Restored {
        let archive = try BackupArchive(try files.openForReading(path), name: path)
        let plan = try RestorePlan(archive, policy: policy)
        let copier = VersionCopier(target: self)
        for version in plan.versions { _ = try copier.isThere(version.id, version.text) }
        for id in plan.looseVersions where try store.describe(VersionManifest.key(of: id)) != nil {
            throw StorageError(
                .conditionFailed,
                "\(id) is published in \(store.location), and '\(path)' has files of it without a manifest: remove one of them"
            )
        }
        var restored = Restored()
        for object in plan.loose where try !isThere(object) {
            try store.upload(archive.slice(object), byteCount: object.byteCount, to: object.key, if: .always)
            restored.objectCount += 1
        }
        for version in plan.versions {
            let outcome = try copier.copy(version.id, text: version.text, manifest: version.manifest, checksAll: true) {
                file,
                key throws(StorageError) in
                let bytes = archive.slice(try archive.object(key))
                try store.upload(bytes, byteCount: file.byteCount, to: key, if: .always)
            }
            switch outcome {
            case .wasThere: restored.present.append(version.id)
            case .copied: restored.copied.append(version.id)
            case .mended: restored.mended.append(version.id)
            }
        }
        for (model, pointer) in plan.labels {
            if let moves = try followLabels(pointer, of: model) { restored.labelled.append((model, moves)) }
        }
        return restored
    }

    private func isThere(_ object: BackupIndex.Object) throws(StorageError) -> Bool {
        guard let there = try store.describe(object.key), there.byteCount == object.byteCount else { return false }
        return try digest(of: there) == object.digest
    }
}

/// A backup's archive, every byte of it checked.
struct BackupArchive: Sendable {
    private let file: any ReadableFile
    private let objects: [ObjectKey: (object: BackupIndex.Object, offset: Int)]
    /// What it is called, for messages.
    let name: String

    /// Checks an archive that anybody may have made.
    init(_ file: any ReadableFile, name: String) throws(StorageError) {
        let tar = try TarReader(file, name: name, limit: BackupIndex.maxObjects + 1)
        guard let entry = tar.entries[BackupIndex.filename], entry.byteCount <= BackupIndex.maxBytes else {
            throw StorageError(
                .damaged,
                "'\(name)' has no '\(BackupIndex.filename)': it is no backup that Apus has made"
            )
        }
        let text = try file.bytes(at: entry.offset, count: entry.byteCount)
        let index = try BackupIndex(text, place: "'\(name)', \(BackupIndex.filename)")
        var objects: [ObjectKey: (object: BackupIndex.Object, offset: Int)] = [:]
        for object in index.objects {
            guard let entry = tar.entries[BackupIndex.prefix + object.key.description] else {
                throw StorageError(.damaged, "'\(name)' lists '\(object.key)' and doesn't hold it")
            }
            let bytes = FileSlice(file: file, offset: entry.offset, length: entry.byteCount)
            guard entry.byteCount == object.byteCount, try bytes.digest().digest == object.digest else {
                throw StorageError(.damaged, "'\(object.key)' in '\(name)' isn't what the backup's index says")
            }
            objects[object.key] = (object, entry.offset)
        }
        guard tar.entries.count == objects.count + 1 else {
            throw StorageError(.damaged, "'\(name)' holds entries that its index doesn't list")
        }
        self.file = file
        self.objects = objects
        self.name = name
    }

    /// What it holds, sorted by key.
    var contents: [BackupIndex.Object] { objects.values.map(\.object).sorted { $0.key < $1.key } }

    /// What it holds under a key.
    func object(_ key: ObjectKey) throws(StorageError) -> BackupIndex.Object {
        guard let found = objects[key] else { throw StorageError(.damaged, "'\(name)' doesn't hold '\(key)'") }
        return found.object
    }

    /// The bytes of an object.
    func slice(_ object: BackupIndex.Object) -> FileSlice {
        FileSlice(file: file, offset: objects[object.key]?.offset ?? 0, length: object.byteCount)
    }

    /// The bytes of a small object.
    func bytes(_ object: BackupIndex.Object, byteLimit: Int) throws(StorageError) -> [UInt8] {
        guard object.byteCount <= byteLimit else {
            throw StorageError(.damaged, "'\(object.key)' in '\(name)' has more than \(byteLimit) bytes")
        }
        return try slice(object).bytes(at: 0, count: object.byteCount)
    }
}

/// What of a backup is put where, in which order.
struct RestorePlan: Sendable {
    /// The versions with a manifest.
    private(set) var versions: [(id: ModelID, text: [UInt8], manifest: VersionManifest)] = []
    /// The labels of models.
    private(set) var labels: [(ModelName, LabelPointer)] = []
    /// All that belongs to neither.
    private(set) var loose: [BackupIndex.Object] = []
    /// The versions without a manifest, whose files are among those.
    private(set) var looseVersions: [ModelID] = []

    /// Reads manifests and labels, and checks that what they list is there.
    init(_ archive: BackupArchive, policy: SignaturePolicy) throws(StorageError) {
        let contents = archive.contents
        let listing = RepositoryContents(
            contents.map { StoredObject(key: $0.key, byteCount: $0.byteCount, tag: EntityTag($0.digest.hex)) }
        )
        var placed: Set<ObjectKey> = []
        for model in listing.names {
            guard let listed = listing.models[model] else { continue }
            for (version, objects) in listed.versions.sorted(by: { $0.key < $1.key }) {
                let id = ModelID(name: model, version: version)
                guard objects.claim == nil else {
                    throw StorageError(.damaged, "'\(archive.name)' holds a claim on \(id), which no backup does")
                }
                guard objects.manifest != nil else {
                    looseVersions.append(id)
                    continue
                }
                let key = VersionManifest.key(of: id)
                let text = try archive.bytes(archive.object(key), byteLimit: VersionManifest.maxBytes)
                let manifest = try policy.verify(VersionManifest.read(text, expecting: id))
                placed.insert(key)
                for file in manifest.files {
                    guard let key = ObjectKey("\(id)/\(file.path)") else { continue }
                    let object = try archive.object(key)
                    guard object.byteCount == file.byteCount, object.digest == file.digest else {
                        throw StorageError(.damaged, "'\(key)' in '\(archive.name)' isn't what its manifest says")
                    }
                    placed.insert(key)
                }
                versions.append((id, text, manifest))
            }
            let key = LabelPointer.key(of: model)
            if listed.files.contains(where: { $0.key == key }) {
                let text = try archive.bytes(archive.object(key), byteLimit: LabelPointer.maxBytes)
                labels.append((model, try LabelPointer.read(text, of: model)))
                placed.insert(key)
            }
        }
        loose = contents.filter { !placed.contains($0.key) }
    }
}
