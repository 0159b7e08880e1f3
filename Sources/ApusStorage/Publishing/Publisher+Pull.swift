package import ApusCore

extension Publisher {
    /// Brings a version into a folder that isn't there yet or is empty, every file checked.
    ///
    /// The manifest comes last, so a folder with one is whole. Encrypted files are decrypted where there are keys, and stay
    /// as they are where not.
    ///
    /// - Parameters:
    ///   - version: Which one.
    ///   - folder: Where to.
    ///   - policy: What the manifest must prove.
    ///   - keys: Decrypts encrypted files; `nil` leaves them as they are stored.
    /// - Returns: The manifest.
    /// - Throws: `notFound`, `untrusted`, `damaged` and `undecryptable` with the file's name; `inUse` when the folder holds
    ///   something.
    @discardableResult
    package func pull(
        _ version: ModelID,
        into folder: String,
        policy: SignaturePolicy = .open,
        keys: DecryptionKeys? = nil
    ) throws(StorageError) -> VersionManifest {
        guard let (read, text) = try store.manifest(of: version) else { throw try unpublished(version) }
        let manifest = try policy.verify(read)
        if try files.status(of: folder) != nil, try !files.names(in: folder).isEmpty {
            throw StorageError(.inUse, "'\(folder)' holds something already: name a folder that is new or empty")
        }
        let durable = DurableFiles(files)
        try durable.makeFolders(folder)
        for file in manifest.files {
            let path = "\(folder)/\(file.path)"
            let parent = DurableFiles.parent(of: file.path)
            if parent != "/" { try durable.makeFolders(parent, in: folder) }
            if let keys, file.encryption != nil {
                try decrypt(file, of: version, into: path, keys: keys)
            } else {
                try fetch(file, of: version, into: path)
            }
            try files.syncFolder(DurableFiles.parent(of: path))
        }
        let manifestPath = "\(folder)/\(VersionManifest.filename)"
        try durable.replace(manifestPath, with: text, temporary: "\(folder)/.\(VersionManifest.filename)")
        return manifest
    }

    /// Brings a file of a version into a new file, and checks that it is what the manifest says.
    func fetch(
        _ file: VersionManifest.File,
        of version: ModelID,
        into path: String
    ) throws(StorageError) {
        let object = try listed(file, of: version)
        let target = try files.open(path, .new)
        try store.fetch(object, into: target, progress: FetchProgress())
        try check(target, is: file, of: version)
        try target.sync()
    }

    /// The object that a manifest's file is, its size checked.
    func listed(_ file: VersionManifest.File, of version: ModelID) throws(StorageError) -> StoredObject {
        guard let key = ObjectKey("\(version)/\(file.path)"), let object = try store.describe(key) else {
            throw StorageError(
                .damaged,
                "\(version)/\(file.path) is missing in \(store.location), and its manifest lists it"
            )
        }
        guard object.byteCount == file.byteCount else {
            throw StorageError(
                .damaged,
                "\(object.key) has \(object.byteCount) bytes in \(store.location); its manifest says \(file.byteCount)"
            )
        }
        return object
    }

    /// Checks the bytes of a manifest's file.
    func check(
        _ bytes: any ReadableFile,
        is file: VersionManifest.File,
        of version: ModelID
    ) throws(StorageError) {
        let (digest, byteCount) = try bytes.digest()
        guard byteCount == file.byteCount, digest == file.digest else {
            throw StorageError(
                .damaged,
                "\(version)/\(file.path) is damaged in \(store.location): its manifest says \(file.digest) and "
                    + "\(file.byteCount) bytes; \(digest) and \(byteCount) bytes came"
            )
        }
    }

    private func decrypt(
        _ file: VersionManifest.File,
        of version: ModelID,
        into path: String,
        keys: DecryptionKeys
    ) throws(StorageError) {
        let object = try listed(file, of: version)
        try withFetched(object) { sealed, _ throws(StorageError) in
            try check(sealed, is: file, of: version)
            let target = try files.open(path, .new)
            var offset = 0
            do throws(StorageError) {
                try FileCipher.decrypt(
                    sealed,
                    byteCount: file.byteCount,
                    path: file.path,
                    name: object.key.description,
                    keyID: file.encryption?.keyID,
                    keys: keys
                ) { plain throws(StorageError) in
                    try target.write(plain, at: offset)
                    offset += plain.count
                }
            } catch {
                try? files.removeFile(path)
                throw error
            }
            try target.sync()
        }
    }
}
