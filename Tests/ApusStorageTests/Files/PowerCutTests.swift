import ApusStorage
import ApusTesting
import Testing

/// Every operation that writes, with the power cut at each of its calls.
@Suite
struct PowerCutTests {
    private static let seeds = UInt64(LongRuns.count(2, long: 100))
    private let root = "/srv/store"

    private func cuts(ignoresSyncs: Bool = false, isRepeatable: Bool = false) -> PowerCuts {
        var cuts = PowerCuts(seedCount: Self.seeds, ignoresSyncs: ignoresSyncs)
        cuts.isRepeatable = isRepeatable
        return cuts
    }

    private struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    private func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        guard condition else { throw Wrong(description: message()) }
    }

    private func key(_ text: String) throws -> ObjectKey { try #require(ObjectKey(text)) }

    private func bytes(_ store: LocalObjectStore, _ name: String) throws -> [UInt8]? {
        switch try store.read(try key(name), byteLimit: 1 << 20, unless: nil) {
        case .bytes(let bytes, _): bytes
        case .absent, .unchanged: nil
        }
    }

    // MARK: - Files

    private func checkDurableFiles(_ cuts: PowerCuts) throws -> Int {
        let (old, new) = (CacheBench.bytes(3000, seed: 1), CacheBench.bytes(5000, seed: 2))
        return try cuts.check { disk in
            try DurableFiles(disk).makeFolders("/a")
            try DurableFiles(disk).replace("/a/old", with: old, temporary: "/a/t")
        } operate: { disk, announce in
            let durable = DurableFiles(disk)
            try durable.replace("/a/old", with: new, temporary: "/a/t")
            announce("/a/old")
            try durable.makeFolders("/b/c/d")
            try durable.replace("/b/c/d/new", with: new, temporary: "/b/c/d/t")
            announce("/b/c/d/new")
            try durable.removeFile("/a/old")
            announce("gone")
        } verify: { disk, announced in
            for (path, before) in [("/a/old", old), ("/b/c/d/new", nil)] {
                let found = try disk.status(of: path).map { _ in
                    try disk.openForReading(path).readAll(byteLimit: 1 << 20)
                }
                let mayBeGone = before == nil || announced.count > 1
                try expect(found == nil ? mayBeGone : found == before || found == new, "'\(path)' is half visible")
                guard announced.contains(path) else { continue }
                let isGone = path == "/a/old" && found == nil && announced.contains("/b/c/d/new")
                try expect(found == new || isGone, "'\(path)' was announced and isn't there")
                try expect(!announced.contains("gone") || path != "/a/old" || isGone, "'\(path)' is back")
            }
        }
    }

    @Test
    func `a file that is replaced is the old one or the new one, and the new one once that was said`() throws {
        #expect(try checkDurableFiles(cuts(isRepeatable: true)) > 20)
    }

    // MARK: - Objects

    private func checkStore(_ cuts: PowerCuts) throws -> Int {
        let (old, new) = (CacheBench.bytes(700, seed: 1), CacheBench.bytes(900, seed: 2))
        let large = CacheBench.bytes(9000, seed: 3)
        return try cuts.check { disk in
            try LocalObjectStore(path: root, files: disk).write(old, to: key("m/labels"), if: .always)
        } operate: { disk, announce in
            let store = try LocalObjectStore(path: root, files: disk)
            let tag = try #require(try store.describe(try key("m/labels"))).tag
            try store.upload(MemoryFile(large), byteCount: large.count, to: try key("m/2/model"), if: .always)
            announce("uploaded")
            try store.write(new, to: try key("m/2/manifest"), if: .absent)
            announce("written")
            try store.write(new, to: try key("m/labels"), if: .unchanged(tag))
            announce("moved")
            try store.remove(try key("m/2/manifest"))
            announce("removed")
        } verify: { disk, announced in
            let store = try LocalObjectStore(path: root, files: disk)
            let labels = try bytes(store, "m/labels")
            let model = try bytes(store, "m/2/model")
            let manifest = try bytes(store, "m/2/manifest")
            try expect(labels == old || labels == new, "the labels are half visible")
            try expect(model == nil || model == large, "the model is half visible")
            try expect(manifest == nil || manifest == new, "the manifest is half visible")
            try expect(labels == old || announced.contains("written"), "the labels were moved too early")
            try expect(manifest == nil || model == large, "there is a manifest of a model that isn't")
            try expect(model == large || announced.isEmpty, "the model was uploaded and is gone")
            try expect(manifest == new || !announced.contains("written") || announced.contains("moved"), "gone")
            try expect(labels == new || !announced.contains("moved"), "the labels were moved and are back")
            try expect(manifest == nil || !announced.contains("removed"), "the manifest was removed and is back")
            // And it goes on working.
            try store.write([1], to: try key("m/3/model"), if: .absent)
            try expect(try bytes(store, "m/3/model") == [1], "nothing can be written any more")
        }
    }

    @Test
    func `objects in a folder are old or new, and stay once that was said`() throws {
        #expect(try checkStore(cuts()) > 60)
    }

    // MARK: - The cache

    private static let contents = [
        "model.onnx": CacheBench.bytes(300, seed: 1), "data/weights.bin": CacheBench.bytes(200, seed: 2),
    ]

    /// Prepares, remembers, and prepares another one, which evicts the first.
    private func checkCache(_ cuts: PowerCuts, withDigests: Bool) throws -> Int {
        let store = MemoryObjectStore()
        let publisher = CacheBench(store: store)
        let first = try publisher.publish("m/1", Self.contents, withDigests: withDigests)
        let other = ["model.onnx": CacheBench.bytes(400, seed: 3)]
        let second = try publisher.publish("m/2", other, withDigests: withDigests)
        func bench(_ disk: SimulatedDisk) -> CacheBench {
            CacheBench(disk, store: store, byteLimit: 600, step: 100)
        }
        let record = SourceRecord(
            location: store.location,
            entries: first.map { SourceRecord.Entry(object: $0.object) }
        )
        return try cuts.check { (_: SimulatedDisk) in
        } operate: { disk, announce in
            store.setFaults { $0.isUnreachable = false }
            let cache = try bench(disk).open()
            _ = try cache.prepare(first, from: store)
            announce("first")
            try cache.remember(record)
            announce("listing")
            _ = try cache.read(first[0].object, from: store, byteLimit: 1000)
            announce("small")
            // What is evicted may be gone from its beginning on.
            announce("evicting")
            _ = try cache.prepare(second, from: store)
            announce("second")
        } verify: { disk, announced in
            let bench = bench(disk)
            let cache = try bench.open()
            let damages = try cache.verify()
            try expect(damages.isEmpty, "a version that is there is damaged: \(damages)")
            try expect(try disk.names(in: "\(bench.path)/fetching").allSatisfy { !$0.hasPrefix("gone-") }, "left over")
            let found = try cache.recall(store.location)
            try expect(found == nil || found == record, "the listing is half visible")
            try expect(bench.notices.isEmpty, "a note is half visible: \(bench.notices)")
            store.setFaults { $0.isUnreachable = true }
            if announced.contains("listing") { try expect(found == record, "the listing is gone") }
            if announced.contains("small") { _ = try cache.read(first[0].object, from: store, byteLimit: 1000) }
            if announced.contains("first"), !announced.contains("evicting") {
                _ = try cache.prepare(first, from: store)
            }
            if announced.contains("second") { _ = try cache.prepare(second, from: store) }
            // And it goes on working: whatever was begun is gone on with.
            store.setFaults { $0.isUnreachable = false }
            let version = try cache.prepare(first, from: store)
            try expect(try bench.contents(of: version) == Self.contents, "other bytes than were published")
            try expect(try cache.verify().isEmpty, "a version is damaged")
            try expect(bench.notices.allSatisfy { if case .evicted = $0 { true } else { false } }, "\(bench.notices)")
        }
    }

    @Test(arguments: [true, false])
    func `versions in the cache are there whole or not at all, and stay once that was said`(_ withDigests: Bool) throws
    {
        #expect(try checkCache(cuts(isRepeatable: true), withDigests: withDigests) > 150)
    }

    @Test
    func `a damaged file that is mended is damaged or mended, and mended once that was said`() throws {
        let store = MemoryObjectStore()
        let wanted = try CacheBench(store: store).publish("m/1", Self.contents)
        let count = try cuts(isRepeatable: true).check { disk in
            let version = try CacheBench(disk, store: store).open().prepare(wanted, from: store)
            try disk.damage("\(version.folder)/model.onnx") { $0[0] ^= 1 }
        } operate: { disk, announce in
            _ = try CacheBench(disk, store: store).open().prepare(wanted, from: store)
            announce(true)
        } verify: { disk, announced in
            let damages = try CacheBench(disk, store: store).open().verify()
            try expect(damages.map(\.path) == ["model.onnx"] || damages.isEmpty, "\(damages)")
            try expect(announced.isEmpty || damages.isEmpty, "it is damaged again")
        }
        #expect(count > 20)
    }

    // MARK: - Teeth

    @Test
    func `without syncs the same checks fail`() throws {
        #expect(throws: PowerCuts.Failure.self) { try checkDurableFiles(cuts(ignoresSyncs: true)) }
        #expect(throws: PowerCuts.Failure.self) { try checkStore(cuts(ignoresSyncs: true)) }
        for withDigests in [true, false] {
            #expect(throws: PowerCuts.Failure.self) {
                try checkCache(cuts(ignoresSyncs: true), withDigests: withDigests)
            }
        }
    }

    @Test
    func `a file that is written in its place fails the check, syncs or not`() throws {
        let bytes = CacheBench.bytes(3000, seed: 1)
        #expect(throws: PowerCuts.Failure.self) {
            try cuts().check { disk, announce in
                let file = try disk.open("/a", .new)
                try file.write(bytes)
                try file.sync()
                try disk.syncFolder("/")
                announce(true)
            } verify: { disk, _ in
                let found = try disk.status(of: "/a").map { _ in try disk.openForReading("/a").readAll(byteLimit: 9999)
                }
                try expect(found == nil || found == bytes, "half visible")
            }
        }
    }
}
