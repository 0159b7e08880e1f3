internal import ApusStorage
internal import NIOCore
internal import Synchronization

extension S3Store {
    /// Stands in for a condition that the store can't check: takes a lock object, checks, writes, and gives it back.
    ///
    /// Weaker than the real thing: whoever writes the lock object last has it, so a writer that stalls for longer than
    /// the pause between its own write and its read-back may believe that it has it, too. A lock that is older than a
    /// minute by the store's clock is that of somebody who died, and is taken.
    func underLock(
        _ key: ObjectKey,
        if condition: WriteCondition,
        _ write: () throws(StorageError) -> EntityTag
    ) throws(StorageError) -> EntityTag {
        guard let lock = ObjectKey("\(key)\(S3Store.lockSuffix)") else {
            throw StorageError(.invalid, "\(location)/\(key): the name is too long for a lock object beside it")
        }
        let mark = try takeLock(lock)
        let outcome = Result { () throws(StorageError) -> EntityTag in
            try check(condition, of: key)
            let tag = try write()
            guard try isHeld(lock, with: mark) else { return try readBack(key, tag: tag) }
            return tag
        }
        if (try? isHeld(lock, with: mark)) == true { try? remove(lock) }
        return try outcome.get()
    }

    /// What a lock object's key ends with; listings pass over it.
    static let lockSuffix = ".apus-lock"
    private static let lockBytes = 64

    private func takeLock(_ lock: ObjectKey) throws(StorageError) -> [UInt8] {
        var generator = makeGenerator()
        let mark = Array("\(generator.next())-\(generator.next())".utf8)
        for _ in 0..<100 {
            if try !isTaken(lock) {
                _ = try self.write(mark, to: lock, if: .always)
                clock.pause(configuration.lockPause)
                if try isHeld(lock, with: mark) { return mark }
            }
            clock.pause(Int64.random(in: 0...configuration.lockPause * 2, using: &generator))
        }
        throw StorageError(
            .conditionFailed,
            "\(location)/\(lock): others hold the lock all the time; remove the object if nobody writes here"
        )
    }

    private func isTaken(_ lock: ObjectKey) throws(StorageError) -> Bool {
        guard let found = try describe(lock) else { return false }
        let offset = learnt.withLock { $0.clockOffset }
        let now = clock.calendar().secondsSince1970 + offset
        return now - (found.modified ?? now) < 60
    }

    private func isHeld(_ lock: ObjectKey, with mark: [UInt8]) throws(StorageError) -> Bool {
        let content = try read(lock, byteLimit: S3Store.lockBytes, unless: nil)
        guard case .bytes(let bytes, _) = content else { return false }
        return bytes == mark
    }

    /// Whether the store checks conditions itself.
    ///
    /// Found out once, by writing nothing into an object that nobody reads, if it is in a state that never was: a store
    /// that checks refuses, OpenStack Swift says 501, and one that passes over conditions in silence writes.
    /// - Throws: Any other refusal: it says nothing about conditions, and a write that isn't guarded must not come of it.
    func checksConditions() throws(StorageError) -> Bool {
        if let known = learnt.withLock({ $0.checksConditions }) { return known }
        let key = fullKey("apus-probe\(S3Store.lockSuffix)")
        let nothing = Piece(ByteBuffer())
        let fields = WriteCondition.unchanged(EntityTag("apus-never")).fields + nothing.fields(withChecksum: false)
        let what = "asking \(location) for conditional writes, with the object '\(key)'"
        let outcome = try perform(what) { () throws(StorageError) in
            S3Request(method: "PUT", key: key, fields: fields, body: (nothing.bytes, nothing.sha256Hex))
        }
        switch outcome {
        case .refused(let failure) where failure.status == 412 || failure.code == "NoSuchKey":
            return learn(checksConditions: true)
        case .refused(let failure) where failure.status == 501 || failure.code == "NotImplemented":
            return learn(checksConditions: false)
        case .refused(let failure):
            throw error(failure, what)
        case .success:
            _ = try perform("cleaning up in \(location)") { () throws(StorageError) in
                S3Request(method: "DELETE", key: key)
            }
            return learn(checksConditions: false)
        }
    }

    private func learn(checksConditions: Bool) -> Bool {
        learnt.withLock { $0.checksConditions = checksConditions }
        return checksConditions
    }

    /// Fails when a condition doesn't hold now.
    func check(_ condition: WriteCondition, of key: ObjectKey) throws(StorageError) {
        let found = try describe(key)
        switch condition {
        case .always: return
        case .absent where found == nil: return
        case .unchanged(let tag) where found?.tag == tag: return
        case .absent: throw StorageError(.conditionFailed, "writing \(location)/\(key): there is one already")
        case .unchanged:
            throw StorageError(.conditionFailed, "writing \(location)/\(key): it has been changed meanwhile")
        }
    }

    /// Somebody took the lock from us: what we wrote counts if it is what is there after a pause.
    private func readBack(_ key: ObjectKey, tag: EntityTag) throws(StorageError) -> EntityTag {
        clock.pause(configuration.lockPause)
        guard try describe(key)?.tag == tag else {
            throw StorageError(.conditionFailed, "writing \(location)/\(key): somebody else wrote it at the same time")
        }
        return tag
    }
}
