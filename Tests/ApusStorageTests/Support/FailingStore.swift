import ApusStorage
import Synchronization

/// A store whose n-th call fails, and all after it when it is dead.
final class FailingStore: ObjectStore {
    private let store: any ObjectStore
    private let failsAt: Int
    private let isDead: Bool
    private let checksConditions: Bool
    private let beforeUpload: @Sendable (ObjectKey) -> Void
    private let calls = Mutex(0)

    init(
        _ store: any ObjectStore,
        failsAt: Int,
        isDead: Bool = false,
        checksConditions: Bool = true,
        beforeUpload: @escaping @Sendable (ObjectKey) -> Void = { _ in }
    ) {
        self.store = store
        self.failsAt = failsAt
        self.isDead = isDead
        self.checksConditions = checksConditions
        self.beforeUpload = beforeUpload
    }

    var location: String { store.location }
    var abilities: ObjectStoreAbilities {
        ObjectStoreAbilities(writes: store.abilities.writes, checksConditions: checksConditions)
    }

    func list(_ prefix: String, limit: Int) throws(StorageError) -> [StoredObject] {
        try count()
        return try store.list(prefix, limit: limit)
    }

    func describe(_ key: ObjectKey) throws(StorageError) -> StoredObject? {
        try count()
        return try store.describe(key)
    }

    func read(_ key: ObjectKey, byteLimit: Int, unless known: EntityTag?) throws(StorageError) -> ObjectContents {
        try count()
        return try store.read(key, byteLimit: byteLimit, unless: known)
    }

    func fetch(
        _ object: StoredObject,
        into file: any WritableFile,
        progress: FetchProgress
    ) throws(StorageError) {
        try count()
        try store.fetch(object, into: file, progress: progress)
    }

    func write(_ bytes: [UInt8], to key: ObjectKey, if condition: WriteCondition) throws(StorageError) -> EntityTag {
        try count()
        return try store.write(bytes, to: key, if: condition)
    }

    func upload(
        _ file: any ReadableFile,
        byteCount: Int,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        try count()
        beforeUpload(key)
        return try store.upload(file, byteCount: byteCount, to: key, if: condition)
    }

    func remove(_ key: ObjectKey) throws(StorageError) {
        try count()
        try store.remove(key)
    }

    private func count() throws(StorageError) {
        let call = calls.withLock { calls in
            calls += 1
            return calls
        }
        guard call == failsAt || (isDead && call > failsAt) else { return }
        throw StorageError(.unreachable, "the store is away")
    }
}
