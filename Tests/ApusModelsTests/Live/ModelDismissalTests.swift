import ApusCore
import Synchronization
import Testing

@testable import ApusModels

/// Models that are dismissed while they are loaded or used, and what is left of them.
@Suite(.timeLimit(.minutes(1)))
struct ModelDismissalTests {
    private let loader = FakeLoader()

    private func makeManager(_ models: [String: [Int64]]) async throws -> ModelManager<FakeServable> {
        let manager = try ModelManager(loader: loader, observer: RecordingObserver())
        await manager.begin(listing(models), loading: models.keys.map { name($0) })
        return manager
    }

    private func load(_ manager: ModelManager<FakeServable>, _ folder: ModelFolder) async -> InferenceError? {
        do throws(InferenceError) {
            try await manager.load(folder)
            return nil
        } catch {
            return error
        }
    }

    /// A model as a request brings it, and the storage that lies behind it.
    private func visitor(_ model: String) throws -> (folder: ModelFolder, storage: MemoryModelStorage) {
        var overrides = ModelOverrides()
        try overrides.set("file:1/model.onnx", .bytes([1, 2, 3]))
        let storage = try MemoryModelStorage(name(model), files: overrides.files)
        return (try RepositoryListing(scanning: storage, modelFilenames: ["model.onnx"]).models[0], storage)
    }

    @Test func `a load of a model that still drains waits for its end, and then for the new one`() async throws {
        let manager = try await makeManager(["a": [1]])
        let folder = listing(["a": [1]]).models[0]
        let lease = try manager.lease(selector("a"))
        try manager.unload(name("a"), withDependents: false)
        while manager.index().first?.state != .unloading { await Task.yield() }
        let events = Mutex<[String]>([])
        async let failure = {
            let failure = await load(manager, folder)
            events.withLock { $0.append("loaded") }
            return failure
        }()
        while !manager.contents.withLock({ $0.machine.isWanted(name("a")) && $0.folders.isEmpty }) {
            await Task.yield()
        }
        // Who took the plan for the end of the load would have said so by now.
        for _ in 0..<1000 { await Task.yield() }
        // The others are served meanwhile.
        #expect(manager.isSettled)
        events.withLock { $0.append("used no more") }
        _ = consume lease
        #expect(await failure == nil)
        #expect(events.withLock { $0 } == ["used no more", "loaded"])
        #expect(manager.readyVersions(of: name("a")).map(\.number) == [1])
        await manager.unloadAll()
    }

    @Test(arguments: [false, true]) func `a model that is dismissed while it is loaded isn't said to be loaded`(
        _ isChoice: Bool
    ) async throws {
        let manager = try await makeManager(["b": [1]])
        loader.rules.withLock { rules in
            rules.beforeLoad = { id in
                if isChoice {
                    manager.keep(only: [name("b")])
                } else {
                    try? manager.unload(id.name, withDependents: false)
                }
            }
        }
        let failure = await load(manager, listing(["a": [1]]).models[0])
        #expect(failure?.code == .unavailable)
        #expect(failure?.message == "load failed for model 'a': it was unloaded meanwhile")
        loader.rules.withLock { $0.beforeLoad = nil }
        await manager.unloadAll()
    }

    @Test func `a model of which no version is wanted isn't said to be loaded`() async throws {
        let manager = try await makeManager([:])
        loader.rules.withLock { $0.policy = .latest(0) }
        let failure = await load(manager, listing(["a": [1]]).models[0])
        #expect(failure?.code == .invalidArgument)
        #expect(failure?.message.contains("its version policy asks for no version") == true)
        await manager.unloadAll()
    }

    @Test(arguments: ["well", "failing", "refused"]) func `nothing is left of a model that came with a request`(
        _ kind: String
    ) async throws {
        let manager = try await makeManager(["b": [1]])
        loader.rules.withLock { rules in
            if kind == "failing" { rules.failing = [id("a", 1)] }
            if kind == "refused" { rules.refused = [name("a")] }
        }
        weak var storage: MemoryModelStorage?
        do {
            let visitor = try visitor("a")
            storage = visitor.storage
            let failure = await load(manager, visitor.folder)
            #expect((failure == nil) == (kind == "well"))
        }
        if kind == "well" {
            #expect(manager.contains(name("a")) && storage != nil)
            try manager.unload(name("a"), withDependents: false)
        }
        while storage != nil { await Task.yield() }
        while manager.contains(name("a")) { await Task.yield() }
        #expect(manager.index().map(\.name) == ["b"])
        #expect(manager.contents.withLock { $0.folders.isEmpty && $0.planned.keys.elementsEqual([name("b")]) })
        #expect(!manager.hasFailures)
        await manager.unloadAll()
    }

    @Test func `what the repository has stays in the index, and can be loaded again`() async throws {
        let manager = try await makeManager(["a": [1], "b": [1]])
        manager.keep(only: [name("b")])
        while manager.index().first?.reason != "unloaded" { await Task.yield() }
        #expect(manager.contents.withLock { $0.planned.keys.elementsEqual([name("b")]) })
        #expect(manager.contains(name("a")))
        #expect(await load(manager, listing(["a": [1]]).models[0]) == nil)
        await manager.unloadAll()
    }

    @Test func `a manager contains what its index has`() async throws {
        let catalogue = listing(["a": [1], "b": [1], "c": [1]])
        let broken = UnavailableFolder(name: "d", error: ModelError(.unreadable, "no disk"))
        let manager = try ModelManager(loader: loader, observer: RecordingObserver())
        loader.rules.withLock { $0.failing = [id("b", 1)] }
        let known = RepositoryListing(models: catalogue.models, unavailable: [broken])
        await manager.begin(known, loading: [name("a"), name("b"), name("nowhere")])
        let indexed = Set(manager.index().map(\.name))
        #expect(indexed == ["a", "b", "c", "d", "nowhere"])
        for word in ["a", "b", "c", "d", "nowhere", "e"] {
            #expect(manager.contains(name(word)) == indexed.contains(word), "\(word)")
        }
        await manager.unloadAll()
    }
}
