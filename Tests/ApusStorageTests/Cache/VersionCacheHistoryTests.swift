import ApusStorage
import ApusTesting
import Testing

/// Long random histories of a small cache over a store that fails at random; the seed of each one is an argument.
@Suite
struct VersionCacheHistoryTests {
    private static let byteLimit = 4000

    @Test(arguments: 1...LongRuns.count(12, long: 3000))
    func `whatever happens, what is given is what was published, and what is held stays`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var history = try History(seed: UInt64(seed))
        for _ in 0..<LongRuns.count(60, long: 200) { try history.step(&generator) }
        #expect(history.prepared > 5, "seed \(seed): hardly anything was prepared")
    }

    /// What is known besides the cache.
    private struct History {
        struct Published {
            let wanted: [WantedFile]
            let contents: [String: [UInt8]]
        }

        var disk = SimulatedDisk()
        let store = MemoryObjectStore()
        var versions: [Published] = []
        var held: [(version: CachedVersion, contents: [String: [UInt8]])] = []
        var prepared = 0
        /// Files whose bits turned at some time: version and path.
        var damaged: Set<String> = []

        init(seed: UInt64) throws {
            var generator = SeededGenerator(seed: seed &+ 1_000_000)
            let bench = CacheBench(store: store)
            for index in 0..<8 {
                var contents: [String: [UInt8]] = [:]
                for path in ["model.onnx", "data/a", "data/b"].prefix(Int.random(in: 1...3, using: &generator)) {
                    // Of a few kinds only, so that versions share files.
                    let kind = UInt64.random(in: 0..<6, using: &generator)
                    contents[path] = CacheBench.bytes(Int(kind * 130), seed: kind)
                }
                let withDigests = Bool.random(using: &generator)
                let wanted = try bench.publish("m/\(index)", contents, withDigests: withDigests)
                versions.append(Published(wanted: wanted, contents: contents))
            }
        }

        private var bench: CacheBench { CacheBench(disk, store: store, byteLimit: byteLimit, step: 150) }

        mutating func step(_ generator: inout SeededGenerator) throws {
            switch Int.random(in: 0..<12, using: &generator) {
            case 0..<6: try prepare(&generator)
            case 6, 7:
                guard !held.isEmpty else { return }
                held.remove(at: Int.random(in: 0..<held.count, using: &generator))
            case 8: try cutPower(seed: generator.next())
            case 9: disk.settle()
            case 10: try damage(&generator)
            default:
                let found = Int.random(in: 0..<versions.count, using: &generator)
                let entries = versions[found].wanted.map { SourceRecord.Entry(object: $0.object, digest: $0.digest) }
                try bench.open().remember(SourceRecord(location: store.location, entries: entries))
            }
            try check()
        }

        private mutating func prepare(_ generator: inout SeededGenerator) throws {
            let published = versions[Int.random(in: 0..<versions.count, using: &generator)]
            let fault = Int.random(in: 0..<6, using: &generator)
            let amount = Int.random(in: 1...400, using: &generator)
            store.setFaults { faults in
                if fault == 0 { faults.failingCalls = 1 }
                if fault == 1 { faults.cutsFetchAt = amount }
                if fault == 2 { faults.flipsBytes = published.wanted.allSatisfy { $0.digest != nil } }
            }
            defer { store.setFaults { $0 = MemoryObjectStore.Faults() } }
            do {
                let bench = bench
                let version = try bench.open().prepare(published.wanted, from: store)
                let contents = try bench.contents(of: version)
                #expect(contents == published.contents)
                prepared += 1
                if held.count < 3, Bool.random(using: &generator) { held.append((version, published.contents)) }
            } catch let error as StorageError {
                #expect(fault < 3, "\(error)")
                #expect([.unreachable, .damaged].contains(error.code), "\(error)")
            }
        }

        /// Nobody holds anything afterwards.
        private mutating func cutPower(seed: UInt64) throws {
            held = []
            disk = disk.afterPowerCut(seed: seed)
            let found = try bench.open().verify().map { "\($0.version)/\($0.path)" }
            #expect(damaged.isSuperset(of: found))
        }

        /// A bit of a file that nobody uses turns.
        private mutating func damage(_ generator: inout SeededGenerator) throws {
            let folder = "\(CacheBench.path)/versions"
            guard try disk.status(of: folder) != nil else { return }
            let inUse = held.map(\.version.digest.hex)
            let names = try disk.names(in: folder).filter { !$0.contains(".") && !inUse.contains($0) }
            guard let name = names.randomElement(using: &generator) else { return }
            let path = "\(folder)/\(name)/model.onnx"
            let size = try #require(try disk.status(of: path)).byteCount
            guard size > 0 else { return }
            let place = Int.random(in: 0..<size, using: &generator)
            try disk.damage(path) { $0[place] ^= 1 }
            damaged.insert("\(name)/model.onnx")
        }

        private func check() throws {
            let bench = bench
            let cache = try bench.open()
            for (version, contents) in held {
                let found = try bench.contents(of: version)
                #expect(found == contents, "what is in use was changed")
            }
            try cache.trim()
            let usage = try cache.usage()
            let inUse = held.reduce(0) { $0 + $1.contents.values.reduce(0) { $0 + $1.count } }
            #expect(usage.byteCount <= max(VersionCacheHistoryTests.byteLimit, inUse), "\(usage)")
        }
    }
}
