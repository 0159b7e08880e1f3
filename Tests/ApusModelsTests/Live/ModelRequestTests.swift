import ApusCore
import Synchronization
import Testing

@testable import ApusModels

/// Models that are loaded and unloaded on demand.
@Suite(.timeLimit(.minutes(1)))
struct ModelRequestTests {
    private let loader = FakeLoader()
    private let observer = RecordingObserver()

    private func makeManager(
        _ models: [String: [Int64]],
        loading names: [String] = [],
        threads: Int = 1
    ) async throws -> ModelManager<FakeServable> {
        var configuration = ModelManager<FakeServable>.Configuration()
        configuration.loadingThreads = threads
        let manager = try ModelManager(loader: loader, observer: observer, configuration: configuration)
        await manager.begin(listing(models), loading: names.map { name($0) })
        return manager
    }

    private func folder(_ model: String, _ versions: [Int64] = [1]) -> ModelFolder {
        listing([model: versions]).models[0]
    }

    private func load(_ manager: ModelManager<FakeServable>, _ folder: ModelFolder) async -> InferenceError? {
        do throws(InferenceError) {
            try await manager.load(folder)
            return nil
        } catch {
            return error
        }
    }

    private func states(_ manager: ModelManager<FakeServable>) -> [String] {
        manager.index().map { "\($0.name)\($0.version.map { "/\($0)" } ?? "") \($0.state.rawValue) \($0.reason)" }
    }

    @Test func `what was named is loaded at the start, the rest is there without a state`() async throws {
        let manager = try await makeManager(["a": [1], "b": [1], "c": [1]], loading: ["b", "nowhere"])
        #expect(manager.isSettled)
        #expect(
            states(manager) == [
                "a  ", "b/1 READY ", "c  ",
                "nowhere UNAVAILABLE model 'nowhere' was to be loaded, and the repository has no folder of this name",
            ]
        )
        await manager.unloadAll()
    }

    @Test func `a model is loaded, unloaded and loaded again`() async throws {
        let manager = try await makeManager(["a": [1], "b": [1]])
        #expect(manager.isSettled && !manager.hasFailures)
        #expect(await load(manager, folder("a")) == nil)
        #expect(states(manager) == ["a/1 READY ", "b  "])
        try manager.unload(name("a"), withDependents: false)
        #expect(throws: InferenceError.self) { try manager.unload(name("a"), withDependents: false) }
        while manager.index().contains(where: { $0.reason != "unloaded" && $0.name == "a" }) { await Task.yield() }
        #expect(states(manager) == ["a/1 UNAVAILABLE unloaded", "b  "])
        #expect(await load(manager, folder("a")) == nil)
        #expect(try manager.lease(selector("a")).id == id("a", 1))
        #expect(loader.unloaded.withLock { $0 } == [id("a", 1)])
        await manager.unloadAll()
    }

    @Test func `the old one serves until the new one is live, and ends with its last lease`() async throws {
        let manager = try await makeManager(["a": [1]], loading: ["a"])
        let old = try manager.lease(selector("a"))
        let before = old.servable
        let seen = Mutex<[Bool]>([])
        loader.rules.withLock { rules in
            rules.beforeLoad = { _ in
                // The one that was loaded first, since it is the only one.
                let isOld = (try? manager.lease(selector("a")).servable) === before
                seen.withLock { $0.append(isOld) }
            }
        }
        #expect(await load(manager, folder("a")) == nil)
        #expect(seen.withLock { $0 } == [true])
        let new = try manager.lease(selector("a"))
        #expect(new.servable !== before)
        #expect(!before.isUnloaded)
        _ = consume old
        while !before.isUnloaded { await Task.yield() }
        #expect(states(manager) == ["a/1 READY "])
        _ = consume new
        await manager.unloadAll()
        #expect(loader.unloaded.withLock { $0 } == [id("a", 1), id("a", 1)])
    }

    @Test func `what can't be loaded anew leaves the old one where it is, with the reason`() async throws {
        let manager = try await makeManager(["a": [1]], loading: ["a"])
        let before = try manager.lease(selector("a")).servable
        loader.rules.withLock { $0.failing = [id("a", 1)] }
        let error = await load(manager, folder("a"))
        #expect(error?.code == .invalidArgument)
        #expect(error?.message == "load failed for model 'a': version 1 is at UNAVAILABLE state: a/1 is broken")
        #expect(try manager.lease(selector("a")).servable === before)
        #expect(
            states(manager) == [
                "a/1 READY what was loaded before serves on, since it couldn't be loaded anew: a/1 is broken"
            ]
        )
        loader.rules.withLock { $0.refused = [name("a")] }
        #expect(await load(manager, folder("a"))?.message == "load failed for model 'a': config.pbtxt is wrong")
        #expect(try manager.lease(selector("a")).servable === before)
        loader.rules.withLock { rules in
            rules.failing = []
            rules.refused = []
        }
        #expect(await load(manager, folder("a")) == nil)
        #expect(states(manager) == ["a/1 READY "])
        await manager.unloadAll()
    }

    @Test func `a model that failed is tried again`() async throws {
        let manager = try await makeManager(["a": [1]])
        loader.rules.withLock { $0.failing = [id("a", 1)] }
        #expect(await load(manager, folder("a")) != nil)
        #expect(manager.hasFailures)
        loader.rules.withLock { $0.failing = [] }
        #expect(await load(manager, folder("a")) == nil)
        #expect(!manager.hasFailures)
        await manager.unloadAll()
    }

    @Test func `a load takes up new versions and drops old ones`() async throws {
        let manager = try await makeManager(["a": [1]], loading: ["a"])
        #expect(await load(manager, folder("a", [1, 2])) == nil)
        while manager.readyVersions(of: name("a")).map(\.number) != [2] { await Task.yield() }
        await manager.unloadAll()
    }

    @Test func `another model isn't touched`() async throws {
        let manager = try await makeManager(["a": [1], "b": [1]], loading: ["a", "b"])
        let other = try manager.lease(selector("b")).servable
        #expect(await load(manager, folder("a")) == nil)
        #expect(try manager.lease(selector("b")).servable === other)
        await manager.unloadAll()
    }

    @Test(arguments: [1, 3]) func `what a model needs is loaded with it, and goes with it`(threads: Int) async throws {
        loader.rules.withLock { $0.needs = [name("e"): [name("x"), name("y")], name("y"): [name("z")]] }
        let models: [String: [Int64]] = ["e": [1], "x": [1], "y": [1], "z": [1], "other": [1]]
        let manager = try await makeManager(models, threads: threads)
        #expect(await load(manager, folder("x")) == nil)
        #expect(await load(manager, folder("e")) == nil)
        #expect(manager.liveVersions().map(\.id.name.description) == ["e", "x", "y", "z"])
        try manager.unload(name("e"), withDependents: true)
        // x was asked for by name, so it stays.
        while manager.liveVersions().map(\.id.name.description) != ["x"] { await Task.yield() }
        #expect(await load(manager, folder("e")) == nil)
        try manager.unload(name("e"), withDependents: false)
        while manager.liveVersions().map(\.id.name.description) != ["x", "y", "z"] { await Task.yield() }
        await manager.unloadAll()
    }

    @Test func `a model that another one needs stays when the first goes`() async throws {
        loader.rules.withLock { $0.needs = [name("e"): [name("x")], name("f"): [name("x")]] }
        let manager = try await makeManager(["e": [1], "f": [1], "x": [1]], loading: ["e", "f"])
        #expect(manager.liveVersions().map(\.id.name.description) == ["e", "f", "x"])
        try manager.unload(name("e"), withDependents: true)
        while manager.liveVersions().map(\.id.name.description) != ["f", "x"] { await Task.yield() }
        try manager.unload(name("f"), withDependents: true)
        while !manager.liveVersions().isEmpty { await Task.yield() }
        await manager.unloadAll()
    }

    @Test func `of models that are chosen all others go, but not what those need`() async throws {
        loader.rules.withLock { $0.needs = [name("e"): [name("x")], name("f"): [name("y")]] }
        let models = ["a": [1], "b": [1], "e": [1], "f": [1], "x": [1], "y": [1]] as [String: [Int64]]
        let manager = try await makeManager(models, loading: ["a", "b", "e", "f", "y"])
        #expect(manager.liveVersions().count == 6)
        // y was asked for by name, but nobody chose it, and f, which needs it, goes.
        manager.keep(only: [name("a"), name("e")])
        while manager.liveVersions().map(\.id.name.description) != ["a", "e", "x"] { await Task.yield() }
        // x was loaded for e's sake, and is now wanted for its own.
        manager.keep(only: [name("x"), name("b")])
        while manager.liveVersions().map(\.id.name.description) != ["x"] { await Task.yield() }
        manager.keep(only: [])
        while !manager.liveVersions().isEmpty { await Task.yield() }
        await manager.unloadAll()
    }

    @Test func `many loads of one model at once all end, and one is left`() async throws {
        let manager = try await makeManager(["a": [1]], threads: 3)
        await withTaskGroup(of: Bool.self) { tasks in
            for _ in 0..<20 { tasks.addTask { await load(manager, folder("a")) == nil } }
            for await isWell in tasks { #expect(isWell) }
        }
        #expect(manager.liveVersions().map(\.id) == [id("a", 1)])
        await manager.unloadAll()
        #expect(loader.unloaded.withLock { $0.count } == observer.loaded.withLock { $0.count })
    }
}
