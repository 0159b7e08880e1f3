internal import ApusStorage
internal import Dispatch
internal import Synchronization

extension ObjectStoreConformance {
    /// What was written is there, and takes the place of what was there, with another tag.
    package func checkWriting() throws(ConformanceFailure) {
        let key = try key("write/object")
        var last: EntityTag?
        for (index, count) in [10, 10, 0, 3_000].enumerated() {
            let bytes = Self.bytes(count, seed: UInt64(index))
            let tag = try attempt("writing '\(key)'") { () throws(StorageError) in
                try store.write(bytes, to: key, if: .always)
            }
            try expect(tag != last, "another content of '\(key)' has the same tag")
            let found = try read(key)
            try expect(found.bytes == bytes && found.tag == tag, "'\(key)' isn't what was just written")
            try expect(try describe(key)?.tag == tag, "'\(key)' is described with another tag than writing gave")
            last = tag
        }
    }

    /// Files of any size are uploaded as they are, from their beginning, as many bytes as was said.
    package func checkUploads() throws(ConformanceFailure) {
        for count in [0, 1, configuration.largeByteCount] {
            let key = try key("upload/\(count)")
            let bytes = Self.bytes(count, seed: UInt64(count))
            let tag = try attempt("uploading \(count) bytes") { () throws(StorageError) in
                try store.upload(MemoryFile(bytes + [1, 2, 3]), byteCount: count, to: key, if: .always)
            }
            let found = try read(key)
            try expect(found.bytes == bytes, "an upload of \(count) bytes reads otherwise")
            try expect(found.tag == tag, "an upload of \(count) bytes has another tag than uploading gave")
        }
        let short = try key("upload/short")
        try expectFailure([.damaged], "uploading a file that is shorter than said") { () throws(StorageError) in
            try store.upload(MemoryFile([1, 2]), byteCount: 3, to: short, if: .always)
        }
        try expect(try describe(short) == nil, "an upload that failed left an object")
    }

    /// What was removed isn't there, twice removed neither; what lies beside it stays.
    package func checkRemoval() throws(ConformanceFailure) {
        let key = try key("remove/folder/object")
        let other = try self.key("remove/other")
        try place([1], at: key)
        try place([2], at: other)
        for _ in 0..<2 {
            try attempt("removing '\(key)'") { () throws(StorageError) in try store.remove(key) }
            try expect(try describe(key) == nil, "'\(key)' is there after it was removed")
        }
        if let left = try listing("\(prefix)/remove/") {
            try expect(left.map(\.key) == [other], "after a removal \(left.map(\.key)) is left")
        }
        try place([3], at: key)
        try expect(try read(key).bytes == [3], "what is written after a removal reads otherwise")
    }

    /// Conditions hold when they are true, and nothing is written when they aren't.
    package func checkConditions() throws(ConformanceFailure) {
        for isUpload in [false, true] {
            let key = try key("conditions/\(isUpload)")
            let way = isUpload ? "uploading" : "writing"
            func put(_ bytes: [UInt8], _ condition: WriteCondition) throws(StorageError) -> EntityTag {
                guard isUpload else { return try store.write(bytes, to: key, if: condition) }
                return try store.upload(MemoryFile(bytes), byteCount: bytes.count, to: key, if: condition)
            }
            try attempt("removing '\(key)'") { () throws(StorageError) in try store.remove(key) }
            try expectFailure([.conditionFailed], "\(way) over a state where nothing is") { () throws(StorageError) in
                try put([0], .unchanged(EntityTag("no-such-state")))
            }
            try expect(try describe(key) == nil, "\(way) with a condition that doesn't hold left an object")
            let first = try attempt("\(way) what is absent") { () throws(StorageError) in try put([1], .absent) }
            try expectFailure([.conditionFailed], "\(way) if absent what is there") { () throws(StorageError) in
                try put([2], .absent)
            }
            try expect(try read(key).bytes == [1], "\(way) with a condition that doesn't hold changed the object")
            let second = try attempt("\(way) over the known state") { () throws(StorageError) in
                try put([3], .unchanged(first))
            }
            try expect(second != first, "another content has the same tag")
            try expectFailure([.conditionFailed], "\(way) over a state that is gone") { () throws(StorageError) in
                try put([4], .unchanged(first))
            }
            try expect(try read(key).bytes == [3], "\(way) over a state that is gone changed the object")
        }
    }

    /// Of two that write the same absent object, or over the same state of it, exactly one wins, and its bytes are there.
    package func checkRaces() throws(ConformanceFailure) {
        for round in 0..<configuration.races {
            let key = try key("race/\(round)")
            try attempt("removing '\(key)'") { () throws(StorageError) in try store.remove(key) }
            try race(for: key, .absent, first: 0)
            guard let tag = try describe(key)?.tag else { throw ConformanceFailure("'\(key)' is gone after a race") }
            // Other bytes than before: where tags are digests, writing the same again leaves the state as it was.
            try race(for: key, .unchanged(tag), first: 2)
        }
    }

    private func race(for key: ObjectKey, _ condition: WriteCondition, first: UInt8) throws(ConformanceFailure) {
        let winners = Mutex<[UInt8]>([])
        let failure = Mutex<StorageError?>(nil)
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            let byte = first + UInt8(index)
            do throws(StorageError) {
                try store.write([byte], to: key, if: condition)
                winners.withLock { $0.append(byte) }
            } catch {
                if error.code != .conditionFailed { failure.withLock { $0 = error } }
            }
        }
        if let error = failure.withLock({ $0 }) {
            throw ConformanceFailure("\(store.location): a writer in a race failed otherwise", cause: error)
        }
        let won = winners.withLock { $0 }
        try expect(won.count == 1, "\(won.count) of two writers won '\(key)' with the condition \(condition)")
        try expect(try read(key).bytes == won, "'\(key)' holds other bytes than its winner wrote")
    }
}
