import ApusStorage
import ApusTesting
import Synchronization
import Testing

@Suite
struct VersionCacheTests {
    private let small = [
        "model.onnx": CacheBench.bytes(500, seed: 1), "data/weights.bin": CacheBench.bytes(900, seed: 2),
    ]

    private func code(_ body: () throws -> Void) -> StorageError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StorageError)?.code
        }
    }

    @Test(arguments: [true, false])
    func `a version is fetched once and found afterwards, with or without a manifest's digests`(
        _ withDigests: Bool
    ) throws {
        let bench = CacheBench()
        let wanted = try bench.publish("m/1", small, withDigests: withDigests)
        let first = try bench.open().prepare(wanted, from: bench.store)
        #expect(try bench.contents(of: first) == small)
        #expect(bench.store.fetchedByteCount == 1400)
        bench.store.setFaults { $0.isUnreachable = true }
        let second = try bench.open().prepare(wanted, from: bench.store)
        #expect(second.digest == first.digest && second.folder == first.folder)
        #expect(try bench.open().verify().isEmpty)
        #expect(try bench.open().usage().byteCount == 1400)
        #expect(try bench.files.names(in: "\(bench.path)/fetching").isEmpty)
    }

    @Test
    func `it works on this machine's disk too, with hashing on another thread`() throws {
        let folder = TemporaryFolder()
        let store = MemoryObjectStore()
        var configuration = VersionCache.Configuration(byteLimit: 1 << 30)
        configuration.stepByteCount = 1 << 18
        let cache = try VersionCache(path: "\(folder.path)/a/cache", configuration: configuration, now: { 1 })
        let bench = CacheBench(SystemFiles(), store: store, path: "\(folder.path)/a/cache")
        let contents = ["model.onnx": CacheBench.bytes(3 << 20, seed: 3)]
        let wanted = try bench.publish("m/1", contents)
        let progress = Mutex<[Int]>([])
        let version = try cache.prepare(wanted, from: store) { step in progress.withLock { $0.append(step.byteCount) } }
        #expect(try bench.contents(of: version) == contents)
        #expect(progress.withLock { $0 == $0.sorted() && $0.last == 3 << 20 })
        #expect(try cache.verify().isEmpty)
        // Other servers' caches in the same folder respect what this one holds.
        let other = try VersionCache(
            path: "\(folder.path)/a/cache",
            configuration: VersionCache.Configuration(byteLimit: 3 << 20),
            now: { 2 }
        )
        _ = try other.prepare(try bench.publish("m/2", ["model.onnx": [1, 2, 3]]), from: store)
        #expect(try bench.contents(of: version) == contents)
    }

    @Test
    func `equal versions of two models share one folder, and equal files are copied`() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        let first = try cache.prepare(try bench.publish("a/1", small), from: bench.store)
        let equal = try cache.prepare(try bench.publish("b/7", small), from: bench.store)
        #expect(first.folder == equal.folder)
        #expect(bench.store.fetchedByteCount == 1400)
        var changed = small
        changed["model.onnx"] = [1, 2, 3]
        let third = try cache.prepare(try bench.publish("a/2", changed), from: bench.store)
        #expect(try bench.contents(of: third) == changed)
        #expect(bench.store.fetchedByteCount == 1403)
        #expect(try cache.usage().versionCount == 2)
    }

    @Test
    func `a file that was damaged on the disk is fetched anew and named`() throws {
        let disk = SimulatedDisk()
        let bench = CacheBench(disk)
        let wanted = try bench.publish("m/1", small)
        let folder = try bench.open().prepare(wanted, from: bench.store).folder
        try disk.damage("\(folder)/model.onnx") { $0[100] ^= 4 }
        #expect(try bench.open().verify().map(\.path) == ["model.onnx"])
        bench.store.setFaults { $0.isUnreachable = true }
        #expect(code { _ = try bench.open().prepare(wanted, from: bench.store) } == .unreachable)
        bench.store.setFaults { $0.isUnreachable = false }
        let again = try bench.open().prepare(wanted, from: bench.store)
        #expect(try bench.contents(of: again) == small)
        #expect(try bench.open().verify().isEmpty)
        #expect(bench.store.fetchedByteCount == 1900)
        let named = bench.notices.filter { if case .damagedFile(_, "model.onnx", _) = $0 { true } else { false } }
        #expect(named.count == 2)
    }

    @Test
    func `bytes that aren't the manifest's are refused by name, after a second try`() throws {
        let bench = CacheBench()
        let wanted = try bench.publish("m/1", small)
        bench.store.setFaults { $0.flipsBytes = true }
        #expect(code { _ = try bench.open().prepare(wanted, from: bench.store) } == .damaged)
        #expect(bench.notices.count == 1)
        #expect(try bench.open().usage().versionCount == 0)
        bench.store.setFaults { $0.flipsBytes = false }
        let version = try bench.open().prepare(wanted, from: bench.store)
        #expect(try bench.contents(of: version) == small)
    }

    @Test
    func `a large file is gone on with after a cut, and begun anew in another state`() throws {
        let bench = CacheBench(step: 1000)
        let contents = ["model.onnx": CacheBench.bytes(8000, seed: 5)]
        let wanted = try bench.publish("m/1", contents, withDigests: false)
        bench.store.setFaults { $0.cutsFetchAt = 5000 }
        #expect(code { _ = try bench.open().prepare(wanted, from: bench.store) } == .unreachable)
        #expect(bench.store.fetchedByteCount == 5000)
        let version = try bench.open().prepare(wanted, from: bench.store)
        #expect(try bench.contents(of: version) == contents)
        #expect(bench.store.fetchedByteCount == 8000)
        let other = try bench.publish("m/2", contents, withDigests: false)
        bench.store.setFaults { $0.cutsFetchAt = 5000 }
        #expect(code { _ = try bench.open().prepare(other, from: bench.store) } == .unreachable)
        let changed = ["model.onnx": CacheBench.bytes(8000, seed: 6)]
        let newer = try bench.publish("m/2", changed, withDigests: false)
        #expect(code { _ = try bench.open().prepare(other, from: bench.store) } == .changed)
        #expect(try bench.contents(of: bench.open().prepare(newer, from: bench.store)) == changed)
        #expect(try bench.files.names(in: "\(bench.path)/fetching").filter { $0.hasSuffix(".part") } == [])
    }

    @Test
    func `what wasn't used for longest makes room, and what is in use stays`() throws {
        let bench = CacheBench(byteLimit: 3000)
        let cache = try bench.open()
        let wanted = try (1...4).map { index in
            try bench.publish("m/\(index)", ["f": CacheBench.bytes(1000, seed: UInt64(index))])
        }
        for files in wanted[0..<3] { _ = try cache.prepare(files, from: bench.store) }
        let held = try cache.prepare(wanted[0], from: bench.store)
        let last = try cache.prepare(wanted[3], from: bench.store)
        // The second one was the oldest by then.
        #expect(bench.notices.count == 1)
        #expect(bench.store.fetchedByteCount == 4000)
        _ = try cache.prepare(wanted[2], from: bench.store)
        #expect(bench.store.fetchedByteCount == 4000)
        let third = try cache.prepare(wanted[2], from: bench.store)
        let again = try cache.prepare(wanted[1], from: bench.store)
        #expect(bench.notices.last == .overLimit(byteCount: 4000, limit: 3000))
        #expect(try cache.usage().byteCount == 4000)
        withExtendedLifetime((held, last, third, again)) {}
        #expect(
            code {
                _ = try cache.prepare(bench.publish("m/9", ["f": .init(repeating: 1, count: 3001)]), from: bench.store)
            } == .tooLarge
        )
    }

    @Test
    func `versions that a source held when it was last served go after the others`() throws {
        let bench = CacheBench(byteLimit: 2000)
        let cache = try bench.open()
        let first = try bench.publish("m/1", ["f": CacheBench.bytes(1000, seed: 1)])
        let second = try bench.publish("m/2", ["f": CacheBench.bytes(1000, seed: 2)], withDigests: false)
        let third = try bench.publish("m/3", ["f": CacheBench.bytes(1000, seed: 3)])
        for files in [second, first] { _ = try cache.prepare(files, from: bench.store) }
        try cache.remember(
            SourceRecord(location: bench.store.location, entries: second.map { SourceRecord.Entry(object: $0.object) })
        )
        let held = try cache.prepare(third, from: bench.store)
        let before = bench.store.fetchedByteCount
        _ = try cache.prepare(second, from: bench.store)
        #expect(bench.store.fetchedByteCount == before)
        withExtendedLifetime(held) {}
    }

    @Test
    func `a listing that was served and small objects are there without network`() throws {
        let disk = SimulatedDisk()
        let bench = CacheBench(disk)
        let cache = try bench.open()
        let key = try #require(ObjectKey("m/config.pbtxt"))
        let bytes = Array("name: \"m\"".utf8)
        let tag = try bench.store.write(bytes, to: key, if: .always)
        let object = StoredObject(key: key, byteCount: bytes.count, tag: tag, modified: 7)
        #expect(try cache.recall(bench.store.location) == nil)
        #expect(try cache.read(object, from: bench.store, byteLimit: 100) == bytes)
        let record = SourceRecord(
            location: bench.store.location,
            entries: [SourceRecord.Entry(object: object, digest: SHA256Digest(of: bytes))]
        )
        try cache.remember(record)
        bench.store.setFaults { $0.isUnreachable = true }
        #expect(try bench.open().recall(bench.store.location) == record)
        #expect(try bench.open().read(object, from: bench.store, byteLimit: 100) == bytes)
        #expect(code { _ = try cache.read(object, from: bench.store, byteLimit: 3) } == .tooLarge)
        // Damaged ones are none.
        for folder in ["sources", "small"] {
            let name = try #require(try disk.names(in: "\(bench.path)/\(folder)").first)
            try disk.damage("\(bench.path)/\(folder)/\(name)") { $0[20] ^= 1 }
        }
        #expect(try cache.recall(bench.store.location) == nil)
        #expect(code { _ = try cache.read(object, from: bench.store, byteLimit: 100) } == .unreachable)
        #expect(bench.notices.count == 2)
        bench.store.setFaults { $0.isUnreachable = false }
        let changed = StoredObject(key: key, byteCount: bytes.count, tag: EntityTag("other"))
        #expect(code { _ = try cache.read(changed, from: bench.store, byteLimit: 100) } == .changed)
    }

    @Test
    func `what a source doesn't hold any more isn't kept`() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        let wanted = try bench.publish("m/1", small, withDigests: false)
        _ = try cache.prepare(wanted, from: bench.store)
        for file in wanted { _ = try cache.read(file.object, from: bench.store, byteLimit: 1000) }
        let entries = wanted.prefix(1).map { SourceRecord.Entry(object: $0.object) }
        try cache.remember(SourceRecord(location: bench.store.location, entries: entries))
        for folder in ["objects", "small"] {
            #expect(try bench.files.names(in: "\(bench.path)/\(folder)").count == 1)
        }
        #expect(try cache.knownDigest(wanted[0].object, in: bench.store.location) != nil)
        #expect(try cache.knownDigest(wanted[1].object, in: bench.store.location) == nil)
    }

    @Test
    func `paths that lead out, come twice or lie in a file are refused, and so are sizes that aren't the manifest's`()
        throws
    {
        let bench = CacheBench()
        let cache = try bench.open()
        let good = try #require(try bench.publish("m/1", ["f": [1, 2, 3]]).first)
        func wanted(_ path: String, _ byteCount: Int = 3) -> WantedFile {
            WantedFile(path: path, object: good.object, digest: good.digest, byteCount: byteCount)
        }
        let bad: [[WantedFile]] = [
            [], [wanted("../f")], [wanted("/f")], [wanted("a/../../f")], [wanted("f"), wanted("f")],
            [wanted("a"), wanted("a/b")],
        ]
        for files in bad { #expect(code { _ = try cache.prepare(files, from: bench.store) } == .invalid) }
        #expect(code { _ = try cache.prepare([wanted("f", 4)], from: bench.store) } == .damaged)
        #expect(bench.store.fetchedByteCount == 0)
    }

    @Test
    func `what was begun and left goes when it is old, and when room is needed`() throws {
        let bench = CacheBench(byteLimit: 9000, step: 1000)
        let wanted = try bench.publish("m/1", ["f": CacheBench.bytes(8000, seed: 5)])
        bench.store.setFaults { $0.cutsFetchAt = 5000 }
        #expect(code { _ = try bench.open().prepare(wanted, from: bench.store) } == .unreachable)
        #expect(try bench.open().usage().byteCount >= 5000)
        _ = try bench.open().prepare(bench.publish("m/2", ["f": CacheBench.bytes(4500, seed: 6)]), from: bench.store)
        #expect(try bench.open().usage().byteCount == 4500)
        bench.store.setFaults { $0.cutsFetchAt = 5000 }
        #expect(code { _ = try bench.open().prepare(wanted, from: bench.store) } == .unreachable)
        var configuration = VersionCache.Configuration(byteLimit: 9000)
        configuration.leftoverLifetime = 10
        _ = try VersionCache(path: bench.path, configuration: configuration, files: bench.files, now: { 1_000_000 })
        #expect(try bench.files.names(in: "\(bench.path)/fetching").isEmpty)
    }
}
