import ApusCore
import ApusStorage
import Synchronization
import Testing

@testable import ApusModels

/// Bringing versions here before they are loaded.
struct PreparationTests {
    let loader = FakeLoader()
    let observer = RecordingObserver()

    private func makeManager() throws -> ModelManager<FakeServable> {
        try ModelManager(loader: loader, observer: observer)
    }

    private func listing(_ versions: [Int64], _ source: FakeSource, stamp: String = "") -> RepositoryListing {
        let storage = PreparingStorage(versions: versions, source: source, stamp: stamp)
        return try! RepositoryListing(scanning: storage, modelFilenames: ["model.onnx"])
    }

    @Test func `a version is prepared, then loaded, and its files are kept as long as it serves`() async throws {
        let source = FakeSource()
        let manager = try makeManager()
        await manager.loadAll(listing([1], source))
        #expect(source.prepared.withLock { $0 } == ["m/1"])
        #expect(manager.readyVersions(of: name("m")).map(\.number) == [1])
        #expect(source.kept == 1)
        await manager.unloadAll()
        // The thread that unloaded it lets go of it in its own time.
        while source.kept > 0 { await Task.yield() }
    }

    @Test func `what can't be brought here now is tried again with the next look`() async throws {
        let source = FakeSource()
        source.failure.withLock { $0 = ModelError(.unreachable, "the bucket is gone") }
        let manager = try makeManager()
        await manager.loadAll(listing([1], source))
        #expect(manager.index().map(\.reason) == ["the bucket is gone"])
        source.failure.withLock { $0 = nil }
        await manager.loadAll(listing([1], source))
        #expect(manager.readyVersions(of: name("m")).map(\.number) == [1])
    }

    @Test func `what isn't what its manifest says is not tried again before it changes`() async throws {
        let source = FakeSource()
        let manager = try makeManager()
        await manager.loadAll(listing([1], source))
        source.failure.withLock { $0 = ModelError(.untrusted, "forged") }
        await manager.loadAll(listing([1, 2], source))
        await manager.loadAll(listing([1, 2], source))
        #expect(source.prepared.withLock { $0 } == ["m/1", "m/2"])
        #expect(manager.readyVersions(of: name("m")).map(\.number) == [1])
        source.failure.withLock { $0 = nil }
        await manager.loadAll(listing([1, 2], source, stamp: "new"))
        #expect(manager.readyVersions(of: name("m")).map(\.number) == [2])
    }

    @Test func `a new content is prepared while the old one serves`() async throws {
        let source = FakeSource()
        let manager = try makeManager()
        await manager.loadAll(listing([1], source))
        source.failure.withLock { $0 = ModelError(.unreachable, "gone") }
        await manager.loadAll(listing([1], source, stamp: "b"))
        _ = try manager.lease(selector("m"))
        #expect(observer.loaded.withLock { $0.count } == 1)
        source.failure.withLock { $0 = nil }
        await manager.loadAll(listing([1], source, stamp: "b"))
        #expect(observer.loaded.withLock { $0.count } == 2 && source.kept == 1)
    }

    @Test func `a model goes while one of its versions is being brought here`() async throws {
        let source = FakeSource()
        source.isWaiting.withLock { $0 = true }
        let manager = try makeManager()
        async let first: Void = manager.loadAll(listing([1], source))
        await source.hasBegun()
        // Waits for nobody who fetches.
        await manager.unloadAll()
        source.isWaiting.withLock { $0 = false }
        await first
        #expect(observer.loaded.withLock { $0.isEmpty })
        while source.given == 0 || source.kept > 0 { await Task.yield() }
    }

    @Test func `what changes while it is being brought here is brought again when that fails`() async throws {
        let source = FakeSource()
        source.isWaiting.withLock { $0 = true }
        source.failure.withLock { $0 = ModelError(.untrusted, "half") }
        let manager = try makeManager()
        manager.list(listing([1], source))
        await source.hasBegun()
        manager.list(listing([1], source, stamp: "whole"))
        while manager.isBusyPlanning { await Task.yield() }
        source.failures.withLock { $0 = 1 }
        source.isWaiting.withLock { $0 = false }
        await manager.loaded()
        #expect(manager.readyVersions(of: name("m")).map(\.number) == [1])
    }
}

extension ModelManager {
    /// Whether a configuration has yet to be read.
    fileprivate var isBusyPlanning: Bool {
        contents.withLock { contents in
            contents.machine.models.values.contains { model in
                switch model.intent {
                case .unplanned, .planning: true
                case .planned, .refused: false
                }
            }
        }
    }
}

/// Where versions are brought from; says what was asked of it.
final class FakeSource: Sendable {
    let prepared = Mutex<[String]>([])
    let failure = Mutex<ModelError?>(nil)
    let isWaiting = Mutex(false)
    /// How often what is in `failure` comes; then all goes well.
    let failures = Mutex(Int.max)
    private let keeping = Atomic<Int>(0)
    private let giving = Atomic<Int>(0)

    /// How many versions were brought.
    var given: Int { giving.load(ordering: .acquiring) }

    /// How many versions' files are kept.
    var kept: Int { keeping.load(ordering: .acquiring) }

    /// Waits until something is being brought.
    func hasBegun() async {
        while prepared.withLock({ $0.isEmpty }) { await Task.yield() }
    }

    func prepare(_ path: String) throws(ModelError) -> Kept {
        prepared.withLock { $0.append(path) }
        while isWaiting.withLock({ $0 }) {}
        let fails = failures.withLock { left in
            left -= 1
            return left >= 0
        }
        if fails, let failure = failure.withLock({ $0 }) { throw failure }
        giving.add(1, ordering: .acquiringAndReleasing)
        return Kept(source: self)
    }

    /// Keeps files.
    final class Kept: Sendable {
        private let source: FakeSource

        init(source: FakeSource) {
            self.source = source
            source.keeping.add(1, ordering: .acquiringAndReleasing)
        }

        deinit {
            source.keeping.subtract(1, ordering: .acquiringAndReleasing)
        }
    }
}

/// A storage whose files have to be brought here.
private struct PreparingStorage: ModelStorage {
    let versions: [Int64]
    let source: FakeSource
    let stamp: String

    var location: String { "fake:" }
    var name: String { "fake" }

    func entries(of folder: StoragePath) throws(ModelError) -> [StorageEntry] {
        switch folder.description {
        case ".": [StorageEntry(name: "m", kind: .folder)]
        case "m": versions.map { StorageEntry(name: "\($0)", kind: .folder) }
        default: [StorageEntry(name: "model.onnx", kind: .file, stamp: stamp)]
        }
    }

    func contents(of file: StoragePath, byteLimit: Int) throws(ModelError) -> [UInt8] {
        throw ModelError(.unreadable, "no '\(file)'")
    }

    func locate(_ file: StoragePath) throws(ModelError) -> StoredFile {
        throw ModelError(.unreadable, "no '\(file)'")
    }

    func mustPrepare(_ version: VersionFolder) -> Bool { true }

    func prepare(_ version: VersionFolder) throws(ModelError) -> (any Sendable)? {
        try source.prepare(version.path.description)
    }
}
