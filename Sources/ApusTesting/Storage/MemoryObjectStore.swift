package import ApusStorage
internal import Synchronization

/// An object store in memory, with faults that a test steers.
package final class MemoryObjectStore: ObjectStore {
    /// What can go wrong.
    package struct Faults: Sendable {
        /// How many calls fail from now on with `unreachable`.
        package var failingCalls = 0
        /// Every call fails with `unreachable`.
        package var isUnreachable = false
        /// A bit of every object that is read or fetched is another.
        package var flipsBytes = false
        /// The next fetch fails after this many bytes of the object.
        package var cutsFetchAt: Int?
        /// What it fails with.
        package var cutCode = StorageError.Code.unreachable

        /// Nothing goes wrong.
        package init() {}
    }

    private struct State {
        var objects: [ObjectKey: (bytes: [UInt8], tag: EntityTag)] = [:]
        var writes = 0
        var calls = 0
        var fetchedBytes = 0
        var faults = Faults()
    }

    package let location: String
    private let state = Mutex(State())

    /// Starts empty.
    package init(location: String = "memory://store") {
        self.location = location
    }

    package var abilities: ObjectStoreAbilities { ObjectStoreAbilities(writes: true, checksConditions: true) }

    /// Sets what goes wrong from now on.
    package func setFaults(_ change: @Sendable (inout Faults) -> Void) {
        state.withLock { change(&$0.faults) }
    }

    /// How many calls there were.
    package var callCount: Int { state.withLock { $0.calls } }

    /// How many bytes fetches have written.
    package var fetchedByteCount: Int { state.withLock { $0.fetchedBytes } }

    package func list(_ prefix: String, limit: Int) throws(StorageError) -> [StoredObject] {
        try begin()
        let found = state.withLock { state in
            state.objects.filter { $0.key.description.hasPrefix(prefix) }
                .map { StoredObject(key: $0.key, byteCount: $0.value.bytes.count, tag: $0.value.tag, modified: 0) }
        }
        guard found.count <= limit else {
            throw StorageError(.tooLarge, "\(location) holds more than \(limit) objects that begin with '\(prefix)'")
        }
        return found.sorted { $0.key < $1.key }
    }

    package func describe(_ key: ObjectKey) throws(StorageError) -> StoredObject? {
        try begin()
        return state.withLock { $0.objects[key] }.map {
            StoredObject(key: key, byteCount: $0.bytes.count, tag: $0.tag, modified: 0)
        }
    }

    package func read(
        _ key: ObjectKey,
        byteLimit: Int,
        unless known: EntityTag?
    ) throws(StorageError) -> ObjectContents {
        try begin()
        guard let found = state.withLock({ $0.objects[key] }) else { return .absent }
        guard found.tag != known else { return .unchanged }
        guard found.bytes.count <= byteLimit else {
            throw StorageError(.tooLarge, "'\(key)' in \(location) has more than \(byteLimit) bytes")
        }
        return .bytes(flipped(found.bytes), found.tag)
    }

    package func fetch(
        _ object: StoredObject,
        into file: any WritableFile,
        progress: FetchProgress
    ) throws(StorageError) {
        try begin()
        guard let found = state.withLock({ $0.objects[object.key] }), found.tag == object.tag else {
            throw StorageError(.changed, "'\(object.key)' in \(location) is in another state")
        }
        guard found.bytes.count == object.byteCount else {
            throw StorageError(.damaged, "'\(object.key)' has \(found.bytes.count) bytes, not \(object.byteCount)")
        }
        let cut = state.withLock { state in
            defer { state.faults.cutsFetchAt = nil }
            return state.faults.cutsFetchAt.map { ($0, state.faults.cutCode) }
        }
        let bytes = flipped(found.bytes)
        let end = min(cut?.0 ?? .max, bytes.count)
        var offset = progress.resumeOffset
        while offset < end {
            // Small pieces, so that small objects have several.
            let piece = Array(bytes[offset..<min(offset + max(1, bytes.count / 4), end)])
            try file.write(piece, at: offset)
            offset += piece.count
            state.withLock { $0.fetchedBytes += piece.count }
            progress.reached(offset)
        }
        if let cut { throw StorageError(cut.1, "\(location) was cut off") }
    }

    @discardableResult
    package func write(
        _ bytes: [UInt8],
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        try begin()
        let tag = state.withLock { state -> EntityTag? in
            switch condition {
            case .always: break
            case .absent: guard state.objects[key] == nil else { return nil }
            case .unchanged(let tag): guard state.objects[key]?.tag == tag else { return nil }
            }
            state.writes += 1
            let tag = EntityTag("state-\(state.writes)")
            state.objects[key] = (bytes, tag)
            return tag
        }
        guard let tag else {
            throw StorageError(.conditionFailed, "'\(key)' in \(location) isn't in the state that was expected")
        }
        return tag
    }

    @discardableResult
    package func upload(
        _ file: any ReadableFile,
        byteCount: Int,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        let bytes = try file.readAll(byteLimit: .max)
        guard bytes.count >= byteCount else {
            throw StorageError(.damaged, "the file for '\(key)' has \(bytes.count) bytes, not \(byteCount)")
        }
        return try write(Array(bytes.prefix(byteCount)), to: key, if: condition)
    }

    package func remove(_ key: ObjectKey) throws(StorageError) {
        try begin()
        state.withLock { _ = $0.objects.removeValue(forKey: key) }
    }

    private var unreachable: StorageError { StorageError(.unreachable, "\(location) doesn't answer") }

    private func begin() throws(StorageError) {
        let fails = state.withLock { state in
            state.calls += 1
            if state.faults.isUnreachable { return true }
            guard state.faults.failingCalls > 0 else { return false }
            state.faults.failingCalls -= 1
            return true
        }
        if fails { throw unreachable }
    }

    private func flipped(_ bytes: [UInt8]) -> [UInt8] {
        guard state.withLock({ $0.faults.flipsBytes }), !bytes.isEmpty else { return bytes }
        var bytes = bytes
        bytes[bytes.count / 2] ^= 1
        return bytes
    }
}
