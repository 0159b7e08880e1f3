internal import ApusCore

/// A file that is ready to be uploaded: digest and size known, encrypted when that was asked for.
struct PreparedFile: Sendable {
    /// As the manifest lists it.
    let listed: VersionManifest.File
    /// Where the bytes lie that are uploaded.
    let path: String
    /// What lay there when they were read.
    let status: FileStatus
    /// Whether it is a file of ours, to be removed.
    let isTemporary: Bool

    /// Removes the file when it is ours; one that can't be removed stays in the folder for such.
    func discard(on files: any FileSystem) {
        if isTemporary { try? files.removeFile(path) }
    }
}

extension Publisher {
    /// Computes digests and encrypts, before anything is written to the store.
    func prepare(_ request: PushRequest) throws(StorageError) -> [PreparedFile] {
        var prepared: [PreparedFile] = []
        do throws(StorageError) {
            for file in request.files {
                if let key = request.encryptionKey, file.isEncryptable {
                    prepared.append(try encrypt(file, with: key))
                } else {
                    prepared.append(try prepare(path: file.path, source: file.source, encryption: nil))
                }
            }
        } catch {
            for file in prepared { file.discard(on: files) }
            throw error
        }
        return prepared
    }

    /// Checks all of the manifest that can be checked before there is a number.
    func check(_ request: PushRequest, _ prepared: [PreparedFile]) throws(StorageError) {
        _ = try manifest(of: request, prepared, ModelID(name: request.model, version: request.version ?? .first)).text()
    }

    /// The manifest of what is pushed.
    func manifest(of request: PushRequest, _ prepared: [PreparedFile], _ version: ModelID) -> VersionManifest {
        var manifest = VersionManifest(
            model: version.name,
            version: version.version,
            created: context.now(),
            files: prepared.map(\.listed)
        )
        manifest.framework = request.framework
        manifest.parent = request.parent
        manifest.inputs = request.inputs
        manifest.outputs = request.outputs
        manifest.metrics = request.metrics
        manifest.metadata = request.metadata
        return manifest
    }

    /// The digest of an object's bytes.
    func digest(of object: StoredObject) throws(StorageError) -> SHA256Digest {
        try withFetched(object) { file, _ throws(StorageError) in try file.digest().digest }
    }

    /// Brings an object into a file for as long as `body` runs.
    func withFetched<Result>(
        _ object: StoredObject,
        _ body: (any ReadableFile, String) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        let path = "\(context.scratch)/\(context.token())"
        let file = try files.open(path, .new)
        defer { try? files.removeFile(path) }
        try store.fetch(object, into: file, progress: FetchProgress())
        return try body(file, path)
    }

    private func encrypt(_ file: PushRequest.File, with key: EncryptionKey) throws(StorageError) -> PreparedFile {
        let source = try files.openForReading(file.source)
        let path = "\(context.scratch)/\(context.token())"
        let target = try files.open(path, .new)
        do throws(StorageError) {
            let byteCount = try source.byteCount()
            _ = try FileCipher.encrypt(source, byteCount: byteCount, into: target, path: file.path, key: key)
            let encryption = VersionManifest.Encryption(keyID: key.id.description, plainByteCount: byteCount)
            return try prepare(path: file.path, source: path, encryption: encryption)
        } catch {
            try? files.removeFile(path)
            throw error
        }
    }

    private func prepare(
        path: String,
        source: String,
        encryption: VersionManifest.Encryption?
    ) throws(StorageError) -> PreparedFile {
        guard let status = try files.status(of: source), status.kind == .file else {
            throw StorageError(.invalid, "'\(source)' is no regular file")
        }
        let (digest, byteCount) = try files.openForReading(source).digest()
        guard try files.status(of: source) == status, byteCount == status.byteCount else {
            throw StorageError(.changed, "'\(source)' was changed while it was read: push again when it is written")
        }
        let listed = VersionManifest.File(path: path, byteCount: byteCount, digest: digest, encryption: encryption)
        return PreparedFile(listed: listed, path: source, status: status, isTemporary: encryption != nil)
    }
}
