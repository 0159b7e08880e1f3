import ApusS3
import ApusStorage
import ApusTesting
import Synchronization
import Testing

@Suite
struct S3StoreTests {
    @Test
    func `writes, describes, reads, lists and removes`() throws {
        let fixture = try BucketFixture(prefix: "some/where")
        let store = fixture.store
        let key = fixture.key("model/1/a b+c%ü.onnx")
        #expect(try store.describe(key) == nil)
        guard case .absent = try store.read(key, byteLimit: 10, unless: nil) else {
            Issue.record("an absent object has been read")
            return
        }
        let tag = try store.write(Array("hello".utf8), to: key, if: .always)
        #expect(try store.describe(key) == StoredObject(key: key, byteCount: 5, tag: tag, modified: 784_111_777))
        guard case .bytes(let bytes, let read) = try store.read(key, byteLimit: 5, unless: nil) else {
            Issue.record("an object that is there has not been read")
            return
        }
        #expect(bytes == Array("hello".utf8) && read == tag)
        guard case .unchanged = try store.read(key, byteLimit: 5, unless: tag) else {
            Issue.record("a known state was read again")
            return
        }
        #expect(try store.list("model/", limit: 10).map(\.key) == [key])
        #expect(try store.list("other", limit: 10).isEmpty)
        try store.remove(key)
        try store.remove(key)
        #expect(try store.list("", limit: 10).isEmpty)
    }

    @Test
    func `conditions are the server's`() throws {
        let fixture = try BucketFixture()
        let key = fixture.key("labels.json")
        let first = try fixture.store.write([1], to: key, if: .absent)
        #expect(code { try fixture.store.write([2], to: key, if: .absent) } == .conditionFailed)
        let second = try fixture.store.write([2], to: key, if: .unchanged(first))
        #expect(code { try fixture.store.write([3], to: key, if: .unchanged(first)) } == .conditionFailed)
        try fixture.store.remove(key)
        #expect(code { try fixture.store.write([3], to: key, if: .unchanged(second)) } == .conditionFailed)
        #expect(fixture.store.abilities == ObjectStoreAbilities(writes: true, checksConditions: true))
    }

    @Test
    func `objects beyond the limit aren't read`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.put("k", [UInt8](repeating: 7, count: 100))
        #expect(code { _ = try fixture.store.read(fixture.key("k"), byteLimit: 99, unless: nil) } == .tooLarge)
        fixture.bucket.state.withLock { state in
            state.mending = { _, answer in
                var answer = answer
                answer.fields.append(("transfer-encoding", "chunked"))
                return answer
            }
        }
        #expect(code { _ = try fixture.store.read(fixture.key("k"), byteLimit: 99, unless: nil) } == .tooLarge)
    }

    @Test
    func `listings come in pages, without markers and escaping keys`() throws {
        let fixture = try BucketFixture(prefix: "p")
        fixture.bucket.state.withLock { $0.pageSize = 3 }
        for number in 0..<10 { fixture.bucket.put("p/m/\(number)", [0]) }
        for key in ["p/", "p/m/", "p/../up", "p//abs", "p/a\\b", "p/./x", "other/x", "p/m/x.apus-lock"] {
            fixture.bucket.put(key, [])
        }
        #expect(try fixture.store.list("", limit: 10).map(\.key.description) == (0..<10).map { "m/\($0)" })
        #expect(code { _ = try fixture.store.list("", limit: 9) } == .tooLarge)
    }

    @Test
    func `a large object comes in ranges`() throws {
        let fixture = try BucketFixture()
        let bytes = pattern(10_500)
        fixture.bucket.put("big", bytes)
        let object = try #require(try fixture.store.describe(fixture.key("big")))
        let file = MemoryFile()
        let marks = Mutex<[Int]>([])
        try fixture.store.fetch(object, into: file, progress: .init { mark in marks.withLock { $0.append(mark) } })
        #expect(file.bytes == bytes)
        let seen = marks.withLock { $0 }
        #expect(seen == seen.sorted() && seen.last == bytes.count)
        #expect(fixture.bucket.requests.filter { $0["range"] != nil }.count == 11)
    }

    @Test
    func `a transfer goes on where it was cut`() throws {
        let fixture = try BucketFixture()
        let bytes = pattern(5000)
        fixture.bucket.put("big", bytes)
        let object = try #require(try fixture.store.describe(fixture.key("big")))
        let file = MemoryFile(Array(bytes[..<3100]))
        try fixture.store.fetch(object, into: file, progress: FetchProgress(resumeOffset: 3100))
        #expect(file.bytes == bytes)
        let ranges = fixture.bucket.requests.compactMap { $0["range"] }
        #expect(Set(ranges) == ["bytes=3100-4099", "bytes=4100-4999"])
    }

    @Test
    func `an object in another state isn't fetched`() throws {
        let fixture = try BucketFixture()
        for size in [500, 5000] {
            fixture.bucket.put("k", pattern(size))
            let object = try #require(try fixture.store.describe(fixture.key("k")))
            fixture.bucket.put("k", pattern(size).reversed())
            #expect(code { try fixture.store.fetch(object, into: MemoryFile(), progress: FetchProgress()) } == .changed)
        }
    }

    @Test
    func `a server that ignores ranges gives one stream`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.state.withLock { $0.ignoresRanges = true }
        let bytes = pattern(5000)
        fixture.bucket.put("big", bytes)
        let object = try #require(try fixture.store.describe(fixture.key("big")))
        let file = MemoryFile()
        try fixture.store.fetch(object, into: file, progress: FetchProgress())
        #expect(file.bytes == bytes)
    }

    @Test
    func `a large file goes up in parts`() throws {
        let fixture = try BucketFixture()
        let bytes = pattern(4300)
        let key = fixture.key("big")
        let tag = try fixture.store.upload(MemoryFile(bytes), byteCount: bytes.count, to: key, if: .absent)
        #expect(tag.description.hasSuffix("-5"))
        #expect(fixture.bucket.state.withLock { $0.objects["big"]?.bytes } == bytes)
        #expect(
            code {
                try fixture.store.upload(MemoryFile(bytes), byteCount: bytes.count, to: key, if: .absent)
            } == .conditionFailed
        )
        #expect(fixture.bucket.state.withLock { $0.uploads.isEmpty })
    }

    @Test
    func `a store that can't check conditions gets a lock object`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.state.withLock { $0.checksConditions = false }
        let key = fixture.key("labels.json")
        let first = try fixture.store.write([1], to: key, if: .absent)
        #expect(!fixture.store.abilities.checksConditions)
        #expect(code { try fixture.store.write([2], to: key, if: .absent) } == .conditionFailed)
        let second = try fixture.store.write([2], to: key, if: .unchanged(first))
        #expect(code { try fixture.store.write([3], to: key, if: .unchanged(first)) } == .conditionFailed)
        let large = pattern(3000)
        let third = try fixture.store.upload(MemoryFile(large), byteCount: 3000, to: key, if: .unchanged(second))
        #expect(try fixture.store.describe(key)?.tag == third)
        #expect(fixture.bucket.state.withLock { Array($0.objects.keys) } == ["labels.json"])
    }

    @Test
    func `a store that passes over conditions in silence is found out`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.state.withLock { $0.overlooksConditions = true }
        let key = fixture.key("labels.json")
        try fixture.store.write([1], to: key, if: .absent)
        #expect(code { try fixture.store.write([2], to: key, if: .absent) } == .conditionFailed)
        #expect(!fixture.store.abilities.checksConditions)
        #expect(fixture.bucket.state.withLock { Array($0.objects.keys) } == ["labels.json"])
    }

    @Test
    func `an answer that says nothing about conditions isn't taken for one that does`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.put("labels.json", [1])
        fixture.bucket.state.withLock { state in
            state.overlooksConditions = true
            state.mending = { request, answer in
                request.target.contains("apus-probe") ? FakeBucket.error(503, "ServiceUnavailable") : answer
            }
        }
        let key = fixture.key("labels.json")
        #expect(code { try fixture.store.write([2], to: key, if: .absent) } == .unreachable)
        #expect(fixture.bucket.state.withLock { $0.objects["labels.json"]?.bytes } == [1])
        fixture.bucket.state.withLock { $0.mending = nil }
        #expect(code { try fixture.store.write([2], to: key, if: .absent) } == .conditionFailed)
    }

    @Test
    func `who finds the lock of another waits, and takes that of a dead one`() throws {
        let fixture = try BucketFixture()
        fixture.bucket.state.withLock { $0.checksConditions = false }
        fixture.bucket.put("k.apus-lock", Array("somebody".utf8))
        // Fake objects are from 1994.
        try fixture.store.write([1], to: fixture.key("k"), if: .absent)
        fixture.calendar.set(784_111_777 + 59)
        fixture.bucket.put("k.apus-lock", Array("somebody".utf8))
        #expect(code { try fixture.store.write([2], to: fixture.key("k"), if: .always) } == nil)
        #expect(code { try fixture.store.write([2], to: fixture.key("k2"), if: .absent) } == nil)
        let failed = failure { try fixture.store.write([2], to: fixture.key("k"), if: .absent) }
        #expect(failed?.code == .conditionFailed && failed?.message.contains("k.apus-lock") == true)
    }

    func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    }
}

/// The code of the storage error that something throws; `nil` when it throws none.
func code(_ body: () throws -> some Any) -> StorageError.Code? {
    failure(body)?.code
}

/// The storage error that something throws; `nil` when it throws none.
func failure(_ body: () throws -> some Any) -> StorageError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? StorageError
    }
}
