internal import ApusCore

extension Publisher {
    /// A backup that was made.
    package struct Backup: Sendable {
        /// The archive's path.
        package let path: String
        /// The objects in it.
        package let objectCount: Int
        /// The archive's size in bytes.
        package let byteCount: Int
        /// What isn't in it, and why.
        package let leftOut: [Finding]
    }

    /// Writes a whole repository into one archive, `apus-backup-YYYYMMDDTHHMMSSZ.tar` in a folder.
    ///
    /// Published versions with every file checked, labels, the models' own files, and what was copied by hand; pushes that
    /// aren't through are left out. The archive has its name only when it is whole and synced.
    ///
    /// - Throws: `damaged` with the file that isn't what its manifest says: a backup of it would be none.
    package func backUp(into folder: String) throws(StorageError) -> Backup {
        let created = context.now()
        let path = "\(folder)/apus-backup-\(CalendarTime(secondsSince1970: created).basic).tar"
        let durable = DurableFiles(files)
        try durable.makeFolders(folder)
        let temporary = "\(folder)/.apus-backup-\(context.token()).part"
        let file = try files.open(temporary, .new)
        do throws(StorageError) {
            var tar = TarWriter(file, time: created)
            var index = BackupIndex(created: created, source: store.location)
            var leftOut: [Finding] = []
            for name in try RepositoryContents(of: store).names { try append(name, &tar, &index, &leftOut) }
            guard index.objects.count <= BackupIndex.maxObjects else {
                throw StorageError(.tooLarge, "\(store.location) has more than \(BackupIndex.maxObjects) objects")
            }
            try tar.append(BackupIndex.filename, index.text)
            try tar.finish()
            try file.sync()
            do throws(StorageError) {
                try files.rename(temporary, to: path, isExclusive: true)
            } catch {
                guard error.code == .conditionFailed else { throw error }
                throw StorageError(.conditionFailed, "'\(path)' is there already: try again in a second", cause: error)
            }
            try files.syncFolder(folder)
            return Backup(path: path, objectCount: index.objects.count, byteCount: tar.offset, leftOut: leftOut)
        } catch {
            try? files.removeFile(temporary)
            throw error
        }
    }

    private func append(
        _ model: ModelName,
        _ tar: inout TarWriter,
        _ index: inout BackupIndex,
        _ leftOut: inout [Finding]
    ) throws(StorageError) {
        // The labels before the listing: what they point to is listed then.
        let labels = try store.read(LabelPointer.key(of: model), byteLimit: LabelPointer.maxBytes, unless: nil)
        guard let listed = try RepositoryContents(of: store, model: model).models[model] else { return }
        for object in listed.files where object.key != LabelPointer.key(of: model) {
            try append(object, nil, &tar, &index)
        }
        for version in listed.versions.keys.sorted() {
            guard let objects = listed.versions[version] else { continue }
            let id = ModelID(name: model, version: version)
            if objects.manifest != nil {
                guard let (read, text) = try store.manifest(of: id) else { continue }
                for file in read.contents.files { try append(try self.listed(file, of: id), file, &tar, &index) }
                try append(VersionManifest.key(of: id), text, &tar, &index)
            } else if objects.claim == nil {
                for file in objects.files { try append(file.object, nil, &tar, &index) }
            } else {
                leftOut.append(Finding(place: id.description, message: "is being pushed, or a push of it died"))
            }
        }
        if case .bytes(let text, _) = labels { try append(LabelPointer.key(of: model), text, &tar, &index) }
    }

    private func append(
        _ object: StoredObject,
        _ expected: VersionManifest.File?,
        _ tar: inout TarWriter,
        _ index: inout BackupIndex
    ) throws(StorageError) {
        let digest = try withFetched(object) { bytes, _ throws(StorageError) in
            let digest = try bytes.digest().digest
            guard expected == nil || digest == expected?.digest else {
                throw StorageError(
                    .damaged,
                    "\(object.key) is damaged in \(store.location), so it isn't backed up: 'apus verify' says more"
                )
            }
            try tar.append(BackupIndex.prefix + object.key.description, bytes, byteCount: object.byteCount)
            return digest
        }
        index.objects.append(.init(key: object.key, byteCount: object.byteCount, digest: digest))
    }

    private func append(
        _ key: ObjectKey,
        _ text: [UInt8],
        _ tar: inout TarWriter,
        _ index: inout BackupIndex
    ) throws(StorageError) {
        try tar.append(BackupIndex.prefix + key.description, text)
        index.objects.append(.init(key: key, byteCount: text.count, digest: SHA256Digest(of: text)))
    }
}
