package import ApusStorage
internal import Synchronization

/// What every object store must do, as checks that its tests call: a test for each sentence of `ObjectStore`'s description.
///
/// The checks write below a prefix of their own, so one store can be checked several times. A store that can't write is
/// given its objects by `put`. Checks that a store can't meet because it says that it can't are passed over, with a word.
package struct ObjectStoreConformance: Sendable {
    /// What the checks may cost.
    package struct Configuration: Sendable {
        /// How many objects are listed at once; S3 lists 1,000 to a page.
        package var manyCount = 1_010
        /// The size of the large object, in bytes.
        package var largeByteCount = 20 << 20
        /// How often two writers race for one object.
        package var races = 20

        /// The usual costs.
        package init() {}
    }

    let store: any ObjectStore
    let prefix: String
    let configuration: Configuration
    private let put: (@Sendable (ObjectKey, [UInt8]) throws -> Void)?

    /// Prepares the checks of a store.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - prefix: A key below which nobody else writes.
    ///   - configuration: What the checks may cost.
    ///   - put: Places an object in a store that can't write.
    package init(
        of store: any ObjectStore,
        below prefix: String = "conformance",
        configuration: Configuration = Configuration(),
        put: (@Sendable (ObjectKey, [UInt8]) throws -> Void)? = nil
    ) {
        self.store = store
        self.prefix = prefix
        self.configuration = configuration
        self.put = put
    }

    /// Runs all checks.
    ///
    /// - Returns: What was passed over, and why.
    /// - Throws: The first requirement that isn't met.
    @discardableResult
    package func checkAll() throws(ConformanceFailure) -> [String] {
        var skipped: [String] = []
        try expect(!store.location.isEmpty, "the store has no location")
        try checkReading()
        try checkNames()
        try checkFetching()
        try checkLargeObject()
        if let reason = try checkListing() {
            skipped.append(reason)
        } else {
            try checkManyObjects()
        }
        guard store.abilities.writes else {
            skipped.append("\(store.location) can't write: writing, conditions and removal were passed over")
            return skipped
        }
        try checkWriting()
        try checkUploads()
        try checkRemoval()
        guard store.abilities.checksConditions else {
            skipped.append("\(store.location) can't check conditions: they and the races were passed over")
            return skipped
        }
        try checkConditions()
        try checkRaces()
        return skipped
    }

    /// Fails unless a condition holds.
    func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws(ConformanceFailure) {
        guard condition else { throw ConformanceFailure("\(store.location): \(message())") }
    }

    /// A key below the prefix.
    func key(_ path: String) throws(ConformanceFailure) -> ObjectKey {
        guard let key = ObjectKey("\(prefix)/\(path)") else { throw ConformanceFailure("'\(path)' is no key") }
        return key
    }

    /// Makes a call that must go well.
    func attempt<Value>(
        _ what: String,
        _ body: () throws(StorageError) -> Value
    ) throws(ConformanceFailure) -> Value {
        do throws(StorageError) {
            return try body()
        } catch {
            throw ConformanceFailure("\(store.location): \(what) failed", cause: error)
        }
    }

    /// Makes a call that must fail with one of these codes, and with words.
    func expectFailure<Value>(
        _ codes: [StorageError.Code],
        _ what: String,
        _ body: () throws(StorageError) -> Value
    ) throws(ConformanceFailure) {
        do throws(StorageError) {
            _ = try body()
        } catch {
            try expect(!error.message.isEmpty, "the error of \(what) has no message")
            return try expect(
                codes.contains(error.code),
                "\(what) ends with the code \(error.code.label) where \(codes.map(\.label)) was expected: \(error)"
            )
        }
        throw ConformanceFailure("\(store.location): \(what) went well, and had to fail with \(codes.map(\.label))")
    }

    /// Puts an object into the store by whatever way there is, and gives it as the store describes it.
    @discardableResult
    func place(_ bytes: [UInt8], at key: ObjectKey) throws(ConformanceFailure) -> StoredObject {
        if let put {
            do {
                try put(key, bytes)
            } catch {
                throw ConformanceFailure("the test couldn't place '\(key)'", cause: error)
            }
        } else {
            _ = try attempt("writing '\(key)'") { () throws(StorageError) in
                try store.write(bytes, to: key, if: .always)
            }
        }
        guard let object = try describe(key) else {
            throw ConformanceFailure("\(store.location): '\(key)' isn't there after it was written")
        }
        return object
    }

    /// Describes an object.
    func describe(_ key: ObjectKey) throws(ConformanceFailure) -> StoredObject? {
        try attempt("describing '\(key)'") { () throws(StorageError) in try store.describe(key) }
    }

    /// Reads an object that must be there.
    func read(_ key: ObjectKey) throws(ConformanceFailure) -> (bytes: [UInt8], tag: EntityTag) {
        let contents = try attempt("reading '\(key)'") { () throws(StorageError) in
            try store.read(key, byteLimit: configuration.largeByteCount + 1, unless: nil)
        }
        guard case .bytes(let bytes, let tag) = contents else {
            throw ConformanceFailure("\(store.location): reading '\(key)' gave \(contents), and it is there")
        }
        return (bytes, tag)
    }

    /// Bytes that look like nothing, the same for the same seed.
    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = generator.next()
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
