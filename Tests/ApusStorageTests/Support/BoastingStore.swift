import ApusStorage

/// A store that lists a push that died, of two files with as many bytes as an integer can say each.
struct BoastingStore: ObjectStore {
    let location = "memory://boasting"
    let abilities = ObjectStoreAbilities(writes: true, checksConditions: true)

    func list(_ prefix: String, limit: Int) throws(StorageError) -> [StoredObject] {
        ["a", "apus-push.json", "b"].compactMap { ObjectKey("iris/1/\($0)") }.map {
            StoredObject(key: $0, byteCount: .max, tag: EntityTag("1"), modified: 0)
        }
    }

    func describe(_ key: ObjectKey) throws(StorageError) -> StoredObject? { nil }
    func read(_ key: ObjectKey, byteLimit: Int, unless known: EntityTag?) throws(StorageError) -> ObjectContents {
        .absent
    }

    func fetch(_ object: StoredObject, into file: any WritableFile, progress: FetchProgress) throws(StorageError) {
        throw StorageError(.unsupported, "nothing can be fetched")
    }

    func write(_ bytes: [UInt8], to key: ObjectKey, if condition: WriteCondition) throws(StorageError) -> EntityTag {
        throw StorageError(.unsupported, "nothing can be written")
    }

    func upload(
        _ file: any ReadableFile,
        byteCount: Int,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        throw StorageError(.unsupported, "nothing can be written")
    }

    func remove(_ key: ObjectKey) throws(StorageError) {}
}
