import ApusCore
import Synchronization
import Testing

@testable import ApusModels

/// When versions are warmed up, and after whom.
struct WarmUpTests {
    let loader = FakeLoader()
    let observer = RecordingObserver()

    private var warmed: [String] { loader.warmed.withLock { $0 } }

    @Test func `a version is warmed up for the requests of the one that it follows`() async throws {
        let manager = try ModelManager(loader: loader, observer: observer)
        await manager.loadAll(listing(["a": [1]]))
        await manager.loadAll(listing(["a": [1, 2]]))
        await manager.loadAll(listing(["a": [1, 2]], content: [id("a", 2): "new"]))
        let (first, second) = (id("a", 1), id("a", 2))
        #expect(warmed == ["\(first) after nothing", "\(second) after \(first)", "\(second) after \(second)"])
    }

    @Test func `a version that can't be warmed up never serves, and nothing of it stays`() async throws {
        let manager = try ModelManager(loader: loader, observer: observer)
        await manager.loadAll(listing(["a": [1]]))
        loader.rules.withLock { $0.cold = [id("a", 2)] }
        await manager.loadAll(listing(["a": [1, 2]]))
        #expect(try manager.lease(selector("a")).id == id("a", 1))
        #expect(loader.unloaded.withLock { $0 } == [id("a", 2)])
        #expect(manager.index().last?.reason == "\(id("a", 2)) stays cold")
    }

    @Test func `a new content that can't be warmed up leaves the old one serving`() async throws {
        let manager = try ModelManager(loader: loader, observer: observer)
        await manager.loadAll(listing(["a": [1]]))
        let old = try manager.lease(selector("a"))
        loader.rules.withLock { $0.cold = [id("a", 1)] }
        await manager.loadAll(listing(["a": [1]], content: [id("a", 1): "new"]))
        #expect(try manager.lease(selector("a")).servable === old.servable && !old.servable.isUnloaded)
        #expect(observer.failed.withLock { $0.count } == 1)
    }
}
