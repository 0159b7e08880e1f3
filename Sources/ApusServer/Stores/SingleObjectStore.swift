internal import ApusCore
package import ApusStorage
internal import Synchronization

/// One object of another store, seen as a repository with one model of one version.
///
/// `churn/3/model.onnx` and `models/churn_v3.onnx` are version 3 of `churn`; a name without a number is version 1. A file
/// that is already on this machine is seen first, and the object from the second look on, or from the first where there's
/// no such file.
///
/// Locks: `looks`, very short.
package final class SingleObjectStore: ReadOnlyObjectStore {
    private static let localTag = "local:"

    private let key: ObjectKey
    private let seenKey: ObjectKey
    private let bucket: any ObjectStore
    private let localPath: String?
    private let files: any FileSystem
    private let looks = Mutex(0)

    package let location: String

    /// Joins an object with a file that may be here.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - bucket: Where it lies.
    ///   - name: The path or address that tells model, version and kind.
    ///   - location: What people call the object.
    ///   - localPath: The file, an absolute path, if there may be one.
    ///   - files: Where the file lies.
    package init(
        _ key: ObjectKey,
        in bucket: any ObjectStore,
        named name: String,
        location: String,
        localPath: String? = nil,
        files: any FileSystem = SystemFiles()
    ) {
        self.key = key
        self.bucket = bucket
        self.localPath = localPath
        self.files = files
        self.seenKey = SingleObjectStore.seenKey(name) ?? key
        self.location = location
    }

    /// Whether the second look may find another state than the first.
    package var hasLocalFile: Bool { localPath != nil }

    /// Where the object lies in the repository that it is: `<model>/<version>/model.<its ending>`.
    private static func seenKey(_ path: String) -> ObjectKey? {
        let components = path.split(separator: "/")
        let filename = components.last.map(String.init) ?? "model"
        if components.count >= 3, filename.hasPrefix("model."),
            let version = ModelVersion(parsing: components[components.count - 2]),
            let name = ModelName(String(components[components.count - 3]))
        {
            return ObjectKey("\(name)/\(version)/\(filename)")
        }
        let parts = filename.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let ending = parts.count == 2 ? ".\(parts[1])" : ""
        var stem = String(parts[0])
        var version = ModelVersion.first
        if let mark = stem.range(ofLast: "_v"), let number = ModelVersion(parsing: stem[mark.upperBound...]) {
            version = number
            stem = String(stem[..<mark.lowerBound])
        }
        let name = ModelName(stem)?.description ?? "model"
        return ObjectKey("\(name)/\(version)/model\(ending)")
    }

    package func list(_ prefix: String, limit: Int) throws(StorageError) -> [StoredObject] {
        guard seenKey.description.hasPrefix(prefix) else { return [] }
        return try describe(seenKey).map { [$0] } ?? []
    }

    package func describe(_ key: ObjectKey) throws(StorageError) -> StoredObject? {
        guard key == seenKey else { return nil }
        let isFirst = looks.withLock { looks in
            looks += 1
            return looks == 1
        }
        let local = try localObject()
        if isFirst, let local { return local }
        do throws(StorageError) {
            if let found = try bucket.describe(self.key) {
                return StoredObject(key: seenKey, byteCount: found.byteCount, tag: found.tag, modified: found.modified)
            }
        } catch {
            guard let local else { throw error }
            return local
        }
        if let local { return local }
        guard let localPath else { throw StorageError(.notFound, "'\(location)' isn't there") }
        throw StorageError(
            .notFound,
            "'\(location)' isn't there, and '\(localPath)' isn't either: put the model in one of the two places, or name "
                + "others with S3_BUCKET_NAME, S3_MODEL_KEY, LOCAL_MODEL_PATH"
        )
    }

    private func localObject() throws(StorageError) -> StoredObject? {
        guard let localPath, let status = try files.status(of: localPath), status.kind == .file else { return nil }
        return StoredObject(
            key: seenKey,
            byteCount: status.byteCount,
            tag: EntityTag("\(SingleObjectStore.localTag)\(status.modified)-\(status.number)"),
            modified: status.modified / 1_000_000_000
        )
    }

    package func read(
        _ key: ObjectKey,
        byteLimit: Int,
        unless known: EntityTag?
    ) throws(StorageError) -> ObjectContents {
        // There are only models, which are fetched.
        .absent
    }

    package func fetch(
        _ object: StoredObject,
        into file: any WritableFile,
        progress: FetchProgress
    ) throws(StorageError) {
        guard let localPath, object.tag.description.hasPrefix(SingleObjectStore.localTag) else {
            let real = StoredObject(key: key, byteCount: object.byteCount, tag: object.tag, modified: object.modified)
            return try bucket.fetch(real, into: file, progress: progress)
        }
        let local = try files.openForReading(localPath)
        guard try localObject() == object else {
            throw StorageError(.changed, "'\(localPath)' has changed since it was looked at")
        }
        var offset = 0
        try unsafe local.readPieces(from: 0) { piece throws(StorageError) in
            try unsafe file.write(piece, at: offset)
            offset += piece.count
        }
        progress.reached(offset)
    }

    package var readOnlyReason: String { "'\(location)' is one model's file; it can't be written to" }
}

extension String {
    /// Where a word stands for the last time.
    fileprivate func range(ofLast word: String) -> Range<String.Index>? {
        var end = endIndex
        while end > startIndex {
            end = index(before: end)
            if self[end...].hasPrefix(word) { return end..<index(end, offsetBy: word.count) }
        }
        return nil
    }
}
