/// Named objects of bytes, written whole and read whole: a bucket, a folder, a web server.
///
/// Calls block, so they belong on threads of one's own. Implementation guidance: an object is seen in its old state or in
/// its new one, never in between; what `write` and `upload` have returned for survives a power cut; a read is of one state
/// of the object, named by its tag, or fails with `changed`; sizes that a server claims are bounded before memory or disk
/// is taken; retries stay within the deadline that the store was made with. `ObjectStoreConformance` (ApusTesting) has a
/// test for each sentence.
package protocol ObjectStore: Sendable {
    /// What people call it, for messages: `s3://bucket/prefix`, an absolute path, a URL; never with a secret in it.
    var location: String { get }

    /// What it can do beyond reading.
    var abilities: ObjectStoreAbilities { get }

    /// All objects whose keys begin with `prefix` (any text; empty for all), sorted by key.
    ///
    /// Keys that can't be an `ObjectKey` and empty objects whose names end with `/` are passed over.
    /// - Throws: `tooLarge` beyond `limit` objects.
    func list(_ prefix: String, limit: Int) throws(StorageError) -> [StoredObject]

    /// Describes an object; `nil` when there is none.
    func describe(_ key: ObjectKey) throws(StorageError) -> StoredObject?

    /// Reads a small object whole.
    ///
    /// - Parameters:
    ///   - key: Which one.
    ///   - byteLimit: The most bytes; `tooLarge` beyond.
    ///   - known: The state that the caller has already.
    /// - Returns: Its bytes, or that it is absent, or still in the state that the caller has.
    /// - Throws: `tooLarge` beyond the limit, or why the store doesn't give it.
    func read(_ key: ObjectKey, byteLimit: Int, unless known: EntityTag?) throws(StorageError) -> ObjectContents

    /// Brings a large object into a file, several ranges at a time where that helps.
    ///
    /// - Parameters:
    ///   - object: Which one, in which state and of which size; `changed` when it is in another one by now.
    ///   - file: Where its bytes go; it isn't synced here.
    ///   - progress: Which bytes the file has already (from a transfer that was cut), and which it has after each piece;
    ///     called from any thread, one at a time.
    /// - Throws: `changed`, `damaged` when it isn't as long as was said, or why the store doesn't give it.
    func fetch(
        _ object: StoredObject,
        into file: any WritableFile,
        progress: FetchProgress
    ) throws(StorageError)

    /// Writes an object whole; it is there, durably, when this returns.
    ///
    /// - Returns: The state that was written.
    /// - Throws: `conditionFailed` when the condition doesn't hold, `unsupported` when the store can't check it.
    @discardableResult
    func write(_ bytes: [UInt8], to key: ObjectKey, if condition: WriteCondition) throws(StorageError) -> EntityTag

    /// The same for a large one, out of a file.
    @discardableResult
    func upload(
        _ file: any ReadableFile,
        byteCount: Int,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag

    /// Removes an object; nothing happens when there is none.
    func remove(_ key: ObjectKey) throws(StorageError)
}

/// What a store can do beyond reading.
package struct ObjectStoreAbilities: Hashable, Sendable {
    /// Whether objects can be written and removed.
    package var writes: Bool
    /// Whether it checks a write's condition itself; where it doesn't, a lock object with a read-back stands in, which is
    /// weaker (two writers that lose each other's messages can both win).
    package var checksConditions: Bool

    /// Describes a store.
    package init(writes: Bool, checksConditions: Bool) {
        self.writes = writes
        self.checksConditions = checksConditions
    }
}

/// What must be true of an object for a write to happen.
package enum WriteCondition: Hashable, Sendable {
    /// Nothing.
    case always
    /// There is no such object.
    case absent
    /// It is in this state.
    case unchanged(EntityTag)
}

/// What reading a small object gave.
package enum ObjectContents: Sendable {
    /// All of its bytes, and which state they are.
    case bytes([UInt8], EntityTag)
    /// It is in the state that the caller knows.
    case unchanged
    /// There is no such object.
    case absent
}

/// How far a transfer has come, and who wants to know.
package struct FetchProgress: Sendable {
    /// How many bytes from the beginning the file has already.
    package let resumeOffset: Int
    /// Told the number of bytes from the beginning that are written, without gaps, as it grows.
    package let reached: @Sendable (Int) -> Void

    /// Describes a transfer.
    package init(resumeOffset: Int = 0, reached: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.resumeOffset = resumeOffset
        self.reached = reached
    }
}
