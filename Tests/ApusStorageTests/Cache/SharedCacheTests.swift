import ApusStorage
import ApusTesting
import Dispatch
import Synchronization
import Testing

/// Several servers with one cache on this machine's disk; threads stand in for processes, as locks on files see no difference.
@Suite
struct SharedCacheTests {
    private let folder = TemporaryFolder()
    private let store = MemoryObjectStore()

    private func open(byteLimit: Int = 1 << 30) throws -> VersionCache {
        try VersionCache(
            path: "\(folder.path)/cache",
            configuration: VersionCache.Configuration(byteLimit: byteLimit),
            now: { 1 }
        )
    }

    @Test(arguments: [true, false])
    func `of many that want the same version one fetches it`(_ withDigests: Bool) throws {
        let bench = CacheBench(SystemFiles(), store: store, path: "\(folder.path)/cache")
        let contents = ["a": CacheBench.bytes(200_000, seed: 1), "b/c": CacheBench.bytes(100_000, seed: 2)]
        let wanted = try bench.publish("m/1", contents, withDigests: withDigests)
        let versions = Mutex<[CachedVersion]>([])
        DispatchQueue.concurrentPerform(iterations: 6) { _ in
            do {
                let version = try open().prepare(wanted, from: store)
                versions.withLock { $0.append(version) }
            } catch {
                Issue.record(error)
            }
        }
        #expect(versions.withLock { $0.count } == 6)
        #expect(store.fetchedByteCount == 300_000)
        let first = try #require(versions.withLock { $0.first })
        #expect(try bench.contents(of: first) == contents)
        #expect(try bench.files.names(in: "\(folder.path)/cache/fetching").isEmpty)
    }

    @Test
    func `many that fill a small cache at once disturb nothing that is in use`() throws {
        let bench = CacheBench(SystemFiles(), store: store, path: "\(folder.path)/cache")
        let published = try (0..<6).map { index in
            // Every other file is shared with the next version.
            let contents = [
                "a": CacheBench.bytes(20_000, seed: UInt64(index / 2)),
                "b": CacheBench.bytes(10_000, seed: UInt64(100 + index)),
            ]
            return (try bench.publish("m/\(index)", contents, withDigests: index % 3 > 0), contents)
        }
        let count = LongRuns.count(25, long: 2000)
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            var generator = SeededGenerator(seed: UInt64(thread))
            do {
                let cache = try open(byteLimit: 70_000)
                for _ in 0..<count {
                    let (wanted, contents) = published[Int.random(in: 0..<published.count, using: &generator)]
                    let version = try cache.prepare(wanted, from: store)
                    let found = try bench.contents(of: version)
                    if found != contents { Issue.record("thread \(thread): other bytes than were published") }
                }
            } catch {
                Issue.record(error, "thread \(thread)")
            }
        }
        let cache = try open(byteLimit: 70_000)
        try cache.trim()
        #expect(try cache.usage().byteCount <= 70_000)
        #expect(try cache.verify().isEmpty)
    }
}
