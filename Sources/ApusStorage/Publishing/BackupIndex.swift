internal import ApusProtocol

/// What a backup holds: the archive's last entry, `apus-backup.json`.
struct BackupIndex: Sendable {
    /// The entry's name.
    static let filename = "apus-backup.json"
    /// What stands before an object's key in its entry's name.
    static let prefix = "objects/"
    /// The most objects of a backup.
    static let maxObjects = 200_000
    /// The most bytes of an index.
    static let maxBytes = 256 << 20
    private static let format: Int64 = 1

    /// An object of the backup.
    struct Object: Sendable, Equatable {
        /// Its key.
        let key: ObjectKey
        /// Its size in bytes.
        let byteCount: Int
        /// The digest of its bytes.
        let digest: SHA256Digest
    }

    /// When the backup was made, in seconds since 1970.
    let created: Int64
    /// Where it came from.
    let source: String
    /// What is in it.
    var objects: [Object]

    /// Starts an index.
    init(created: Int64, source: String) {
        self.created = created
        self.source = source
        self.objects = []
    }

    /// The index' text.
    var text: [UInt8] {
        ReadableJSON.text(of: [
            .init("format", .integer(BackupIndex.format)),
            .init("created", .integer(created)),
            .init("source", .string(source)),
            .init(
                "objects",
                .array(
                    objects.map { object in
                        .object([
                            .init("key", .string(object.key.description)),
                            .init("size", .integer(Int64(object.byteCount))),
                            .init("digest", .string(object.digest.description)),
                        ])
                    }
                )
            ),
        ])
    }

    /// Reads an index.
    ///
    /// - Throws: `damaged` with the place, `unsupported` for a later form.
    init(_ bytes: [UInt8], place: String) throws(StorageError) {
        let document = try DocumentMembers(parsing: bytes, place: place, maxValues: BackupIndex.maxObjects * 4 + 1000)
        guard try document.integer("format", in: 1...Int64.max) == BackupIndex.format else {
            throw StorageError(.unsupported, "\(place) has a form that only a later Apus reads")
        }
        self.init(created: try document.integer("created", in: 0...Int64.max), source: try document.text("source"))
        var keys: Set<ObjectKey> = []
        for (index, element) in try document.elements("objects").enumerated() {
            let object = try Object(DocumentMembers(element, place: "\(place), objects[\(index)]"))
            guard keys.insert(object.key).inserted else {
                throw StorageError(.damaged, "\(place): '\(object.key)' comes twice")
            }
            objects.append(object)
        }
    }
}

extension BackupIndex.Object {
    fileprivate init(_ document: DocumentMembers) throws(StorageError) {
        guard let key = ObjectKey(try document.text("key")) else {
            throw document.fault("key", "an object's key, which doesn't lead out")
        }
        guard let digest = SHA256Digest(try document.text("digest")) else {
            throw document.fault("digest", "'sha256:' and 64 digits of 0-9 and a-f")
        }
        let byteCount = Int(try document.integer("size", in: 0...Int64(VersionManifest.maxFileBytes)))
        self.init(key: key, byteCount: byteCount, digest: digest)
    }
}
