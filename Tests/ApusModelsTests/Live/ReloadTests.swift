import ApusCore
import ApusStorage
import Synchronization
import Testing

@testable import ApusModels

/// What a second look at a repository changes, and what it leaves alone.
struct ReloadTests {
    let loader = FakeLoader()
    let observer = RecordingObserver()

    private func makeManager() throws -> ModelManager<FakeServable> {
        try ModelManager(loader: loader, observer: observer)
    }

    private var loads: [ModelID] { observer.loaded.withLock { $0 } }

    @Test func `a look at what hasn't changed loads nothing`() async throws {
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1], "b": [1, 2]]))
        await manager.loadAll(listing(["a": [1], "b": [1, 2]]))
        #expect(Set(loads) == [id("a", 1), id("b", 2)] && loads.count == 2)
    }

    @Test func `another content of a version is loaded beside the old one`() async throws {
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1], "b": [1]]))
        let old = try manager.lease(selector("a"))
        await manager.loadAll(listing(["a": [1], "b": [1]], content: [id("a", 1): "new"]))
        let new = try manager.lease(selector("a"))
        #expect(loads.filter { $0 == id("a", 1) }.count == 2 && loads.filter { $0 == id("b", 1) }.count == 1)
        #expect(old.servable !== new.servable && !old.servable.isUnloaded)
    }

    @Test func `another configuration has all versions loaded anew`() async throws {
        loader.rules.withLock { $0.policy = .all }
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1, 2]]))
        await manager.loadAll(listing(["a": [1, 2]], configuration: "new"))
        #expect(loads.count == 4)
    }

    @Test func `other labels load nothing that is there`() async throws {
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1, 2]]))
        await manager.loadAll(listing(["a": [1, 2]], labels: "new"))
        #expect(loads == [id("a", 2)])
    }

    @Test func `a version that a label points to is served besides the latest one`() async throws {
        loader.rules.withLock { $0.labels = [VersionLabel("stable")!: ModelVersion(1)!] }
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1, 2, 3]]))
        #expect(manager.readyVersions(of: name("a")).map(\.number) == [1, 3])
    }

    @Test func `a content that can't be loaded leaves the old one serving until it changes`() async throws {
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1]]))
        loader.rules.withLock { $0.failing = [id("a", 1)] }
        await manager.loadAll(listing(["a": [1]], content: [id("a", 1): "bad"]))
        _ = try manager.lease(selector("a"))
        await manager.loadAll(listing(["a": [1]], content: [id("a", 1): "bad"]))
        #expect(observer.failed.withLock { $0.count } == 1)
        loader.rules.withLock { $0.failing = [] }
        await manager.loadAll(listing(["a": [1]], content: [id("a", 1): "mended"]))
        #expect(loads.count == 2)
    }

    @Test func `when the latest version can't be served the one below it is`() async throws {
        loader.rules.withLock { $0.failing = [id("a", 3), id("a", 2)] }
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1, 2, 3]]))
        #expect(try manager.lease(selector("a")).id == id("a", 1))
        #expect(manager.index().map(\.state) == [.ready, .unavailable, .unavailable])
        await manager.loadAll(listing(["a": [1, 2, 3]]))
        #expect(try manager.lease(selector("a")).id == id("a", 1))
        loader.rules.withLock { $0.failing = [] }
        await manager.loadAll(listing(["a": [1, 2, 3]], content: [id("a", 3): "mended"]))
        #expect(try manager.lease(selector("a")).id == id("a", 3))
        #expect(manager.readyVersions(of: name("a")).map(\.number) == [3])
    }

    @Test func `a new version below which one serves doesn't fall back when it fails`() async throws {
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1, 2]]))
        loader.rules.withLock { $0.failing = [id("a", 3)] }
        await manager.loadAll(listing(["a": [1, 2, 3]]))
        #expect(loads == [id("a", 2)])
        #expect(try manager.lease(selector("a")).id == id("a", 2))
        await manager.loadAll(listing(["a": [1, 2, 3]], labels: "new"))
        #expect(try manager.lease(selector("a")).id == id("a", 2))
    }

    @Test func `a model whose folder can't be read any more serves on`() async throws {
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1]]))
        let broken = UnavailableFolder(name: "a", error: ModelError(.unreadable, "no disk"))
        await manager.loadAll(RepositoryListing(models: [], unavailable: [broken]))
        #expect(try manager.lease(selector("a")).id == id("a", 1))
        #expect(manager.index().contains { $0.state == .unavailable && $0.reason == "no disk" })
        await manager.loadAll(listing(["a": [1]]))
        #expect(loads.count == 1 && !manager.hasFailures)
        await manager.loadAll(listing([:]))
        await manager.unloadAll()
        #expect(loader.unloaded.withLock { $0 } == [id("a", 1)])
    }

    // MARK: - Labels

    private func labelled(_ label: String) -> ModelSelector {
        ModelSelector(name: name("a"), version: .label(VersionLabel(label)!))
    }

    private func setLabel(_ label: String, to version: Int64) {
        loader.rules.withLock { $0.labels = [VersionLabel(label)!: ModelVersion(version)!] }
    }

    @Test func `a label moves when the version that it is to point to is live, not before`() async throws {
        setLabel("stable", to: 1)
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1]]))
        setLabel("stable", to: 2)
        let seen = Mutex<[Int64]>([])
        loader.rules.withLock { rules in
            rules.beforeLoad = { [labelled] _ in
                let served = try? manager.lease(labelled("stable")).id.version.number
                seen.withLock { $0.append(served ?? 0) }
            }
        }
        await manager.loadAll(listing(["a": [1, 2]], labels: "moved"))
        #expect(seen.withLock { $0 } == [1])
        #expect(try manager.lease(labelled("stable")).id == id("a", 2))
        #expect(manager.readyVersions(of: name("a")).map(\.number) == [2])
    }

    @Test func `a label stays where it is when the version that it is to point to can't be served`() async throws {
        setLabel("stable", to: 1)
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1]]))
        setLabel("stable", to: 2)
        loader.rules.withLock { $0.failing = [id("a", 2)] }
        await manager.loadAll(listing(["a": [1, 2, 3]], labels: "moved"))
        #expect(try manager.lease(labelled("stable")).id == id("a", 1))
        #expect(manager.readyVersions(of: name("a")).map(\.number) == [1, 3])
    }

    @Test func `beside a labelled version the latest serves until its successor is live`() async throws {
        setLabel("stable", to: 5)
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [5, 7]]))
        loader.rules.withLock { rules in
            rules.failing = [id("a", 8)]
            rules.beforeLoad = { _ in
                #expect((try? manager.lease(selector("a")).id) == id("a", 7))
            }
        }
        await manager.loadAll(listing(["a": [5, 7, 8]]))
        #expect(try manager.lease(selector("a")).id == id("a", 7))
        let again = try makeManager()
        loader.rules.withLock { $0.beforeLoad = nil }
        await again.loadAll(listing(["a": [5, 7, 8]]))
        #expect(try again.lease(selector("a")).id == id("a", 7))
    }
}
