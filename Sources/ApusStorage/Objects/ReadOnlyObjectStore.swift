/// An object store to which nothing can be written.
package protocol ReadOnlyObjectStore: ObjectStore {
    /// What somebody who tries is told: why not, and where to write instead.
    var readOnlyReason: String { get }
}

extension ReadOnlyObjectStore {
    package var abilities: ObjectStoreAbilities { ObjectStoreAbilities(writes: false, checksConditions: false) }

    package func write(
        _ bytes: [UInt8],
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        throw StorageError(.unsupported, readOnlyReason)
    }

    package func upload(
        _ file: any ReadableFile,
        byteCount: Int,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        throw StorageError(.unsupported, readOnlyReason)
    }

    package func remove(_ key: ObjectKey) throws(StorageError) {
        throw StorageError(.unsupported, readOnlyReason)
    }
}
