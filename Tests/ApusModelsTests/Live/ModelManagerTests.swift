import ApusCore
import Synchronization
import Testing

@testable import ApusModels

struct ModelManagerTests {
    private let loader = FakeLoader()
    private let observer = RecordingObserver()

    private func makeManager(threads: Int = 1) throws -> ModelManager<FakeServable> {
        var configuration = ModelManager<FakeServable>.Configuration()
        configuration.loadingThreads = threads
        return try ModelManager(loader: loader, observer: observer, configuration: configuration)
    }

    private func refusal(_ manager: ModelManager<FakeServable>, _ selector: ModelSelector) -> InferenceError? {
        do throws(InferenceError) {
            _ = try manager.lease(selector)
            return nil
        } catch {
            return error
        }
    }

    // MARK: - Loading

    @Test func `everything wanted is live when loading has ended`() async throws {
        loader.rules.withLock { $0.policy = .all }
        let manager = try makeManager()
        #expect(!manager.isSettled)
        await manager.loadAll(listing(["a": [1, 2], "b": [3]]))
        #expect(manager.isSettled && !manager.hasFailures)
        #expect(manager.liveVersions().map(\.id) == [id("a", 1), id("a", 2), id("b", 3)])
        #expect(manager.readyVersions(of: name("a")).map(\.number) == [1, 2])
        #expect(observer.loaded.withLock { $0 } == [id("a", 2), id("b", 3), id("a", 1)])
        #expect(try manager.lease(selector("a")).id == id("a", 2))
        #expect(try manager.lease(selector("a", 1)).id == id("a", 1))
        await manager.unloadAll()
        #expect(observer.unloaded.withLock { $0.count } == 3)
    }

    @Test func `everything is told before it counts as done`() async throws {
        /// Asks its manager whether all is done already.
        final class Doubter: ModelManagerObserver {
            let manager = Mutex<ModelManager<FakeServable>?>(nil)
            let tooLate = Mutex<[String]>([])

            func modelLoaded(_ id: ModelID, nanoseconds: UInt64) { ask("loaded") }
            func modelFailed(_ name: String, version: ModelVersion?, error: ModelError) { ask("failed") }
            func modelUnloaded(_ id: ModelID) { ask("unloaded") }

            private func ask(_ event: String) {
                guard let manager = manager.withLock({ $0 }) else { return }
                let index = manager.index()
                let isOver = index.allSatisfy { $0.state == .ready || $0.state == .unavailable }
                if isOver { tooLate.withLock { $0.append(event) } }
            }
        }
        for isFailing in [true, false] {
            let loader = FakeLoader()
            if isFailing { loader.rules.withLock { $0.failing = [id("a", 1)] } }
            let doubter = Doubter()
            let manager = try ModelManager(loader: loader, observer: doubter)
            doubter.manager.withLock { $0 = manager }
            await manager.loadAll(listing(["a": [1]]))
            await manager.unloadAll()
            #expect(doubter.tooLate.withLock { $0 }.isEmpty)
            doubter.manager.withLock { $0 = nil }
        }
    }

    @Test func `a repository without models is settled at once`() async throws {
        let manager = try makeManager()
        await manager.loadAll(listing([:]))
        #expect(manager.isSettled && manager.index().isEmpty)
        await manager.unloadAll()
    }

    @Test func `what fails leaves the others, and says why`() async throws {
        loader.rules.withLock {
            $0.failing = [id("broken", 1)]
            $0.refused = [name("misconfigured")]
        }
        let folder = TemporaryFolder()
        for model in ["broken", "fine", "misconfigured"] { folder.write("\(model)/1/model.onnx") }
        folder.write("torch/1/model.pt")
        folder.makeFolder("no name")
        let manager = try makeManager(threads: 2)
        await manager.loadAll(
            try RepositoryListing(scanning: LocalModelStorage(path: folder.path), modelFilenames: ["model.onnx"])
        )
        #expect(manager.isSettled && manager.hasFailures)
        let index = manager.index()
        #expect(index.map(\.name) == ["broken", "fine", "misconfigured", "no name", "torch"])
        #expect(index.map(\.state) == [.unavailable, .ready, .unavailable, .unavailable, .unavailable])
        #expect(index.map(\.version?.number) == [1, 1, nil, nil, 1])
        #expect(index[0].reason == "broken/1 is broken" && index[1].reason.isEmpty)
        #expect(index[2].reason == "config.pbtxt is wrong" && index[4].reason.contains("a PyTorch model"))
        #expect(observer.failed.withLock { $0.count } == 4)
        await manager.unloadAll()
    }

    @Test func `a newer version takes over, and the older one goes`() async throws {
        let manager = try makeManager()
        await manager.loadAll(listing(["m": [1]]))
        let old = try manager.lease(selector("m"))
        await manager.loadAll(listing(["m": [1, 2]]))
        #expect(try manager.lease(selector("m")).id == id("m", 2))
        #expect(!old.servable.isUnloaded)
        _ = consume old
        await manager.unloadAll()
        #expect(loader.unloaded.withLock { $0 } == [id("m", 1), id("m", 2)])
    }

    @Test func `a newer version that fails leaves the older one live`() async throws {
        loader.rules.withLock { $0.failing = [id("m", 2)] }
        let manager = try makeManager()
        await manager.loadAll(listing(["m": [1]]))
        await manager.loadAll(listing(["m": [1, 2]]))
        #expect(manager.isSettled && manager.hasFailures)
        #expect(try manager.lease(selector("m")).id == id("m", 1))
        #expect(manager.index().map(\.state) == [.ready, .unavailable])
        await manager.unloadAll()
    }

    @Test func `1500 models cost next to nothing each`() async throws {
        let manager = try makeManager()
        let models = listing(Dictionary(uniqueKeysWithValues: (0..<1500).map { ("model-\($0)", [1]) }))
        let clock = SystemTime()
        let start = clock.now
        await manager.loadAll(models)
        print("1,500 models: \(clock.now.nanoseconds(since: start) / 1_500_000) us each")
        #expect(manager.liveVersions().count == 1500)
        await manager.unloadAll()
        #expect(loader.unloaded.withLock { $0.count } == 1500)
    }

    // MARK: - Refusals

    @Test func `unknown models and versions are refused in Triton's words`() async throws {
        let manager = try makeManager()
        await manager.loadAll(listing(["resnet50": [2], "bert": [1]]))
        let unknown = try #require(refusal(manager, selector("resnet5")))
        #expect(unknown.code == .notFound)
        #expect(unknown.message == "Request for unknown model: 'resnet5' is not found")
        #expect(unknown.hint == "did you mean 'resnet50'?")
        let version = try #require(refusal(manager, selector("resnet50", 7)))
        #expect(version.code == .notFound)
        #expect(version.message == "Request for unknown model: 'resnet50' version 7 is not found")
        #expect(version.hint == "live versions: 2")
        await manager.unloadAll()
    }

    @Test func `models that failed are refused with the reason`() async throws {
        loader.rules.withLock {
            $0.failing = [id("m", 3)]
            $0.refused = [name("bad")]
        }
        let manager = try makeManager()
        let models = listing(["m": [3], "bad": [1]])
        let empty = UnavailableFolder(name: "empty", error: ModelError(.noVersion, "folder 'empty' is empty"))
        await manager.loadAll(RepositoryListing(models: models.models, unavailable: [empty]))
        let latest = try #require(refusal(manager, selector("m")))
        #expect(latest.code == .notFound)
        #expect(latest.message == "Request for unknown model: 'm' has no available versions: version 3: m/3 is broken")
        let exact = try #require(refusal(manager, selector("m", 3)))
        #expect(exact.code == .unavailable)
        #expect(exact.message == "Request for unknown model: 'm' version 3 is not at ready state: m/3 is broken")
        let bad = refusal(manager, selector("bad"))
        #expect(bad?.message.hasSuffix("has no available versions: config.pbtxt is wrong") == true)
        #expect(refusal(manager, selector("empty"))?.message.hasSuffix("versions: folder 'empty' is empty") == true)
        await manager.unloadAll()
    }

    @Test func `a version that is loading is not at ready state`() async throws {
        let manager = try makeManager()
        let seen = Mutex<(InferenceError?, RepositoryIndexEntry?)>((nil, nil))
        loader.rules.withLock { rules in
            rules.beforeLoad = { [weak manager] _ in
                guard let manager else { return }
                let error = refusal(manager, selector("m", 1))
                let entry = manager.index().first
                seen.withLock { $0 = (error, entry) }
            }
        }
        await manager.loadAll(listing(["m": [1]]))
        let (error, entry) = seen.withLock { $0 }
        #expect(error?.code == .unavailable)
        #expect(error?.message.hasSuffix("is not at ready state: it is loading; ask again soon") == true)
        #expect(entry?.state == .loading)
        await manager.unloadAll()
    }

    // MARK: - Ends

    @Test func `a version is unloaded after its last lease, on another thread`() async throws {
        let manager = try makeManager()
        await manager.loadAll(listing(["m": [1]]))
        let (servable, holder) = try manager.lease(selector("m")).transfer()
        #expect(holder.leaseCount == 1)
        await withTaskGroup { group in
            group.addTask { await manager.unloadAll() }
            while manager.index().first?.state != .unloading { await Task.yield() }
            #expect(!servable.isUnloaded)
            // It is said first and done then, a moment later.
            while refusal(manager, selector("m")) == nil { await Task.yield() }
            #expect(refusal(manager, selector("m"))?.message.contains("has no available versions") == true)
            holder.leaseEnded()
        }
        #expect(servable.isUnloaded)
        #expect(manager.index().map(\.reason) == ["unloaded"])
    }

    @Test func `a wait that is cancelled returns and draining goes on`() async throws {
        let manager = try makeManager()
        await manager.loadAll(listing(["m": [1]]))
        let lease = try manager.lease(selector("m"))
        await withTaskGroup { group in
            group.addTask { await manager.unloadAll() }
            group.cancelAll()
        }
        #expect(!lease.servable.isUnloaded)
        _ = consume lease
        await manager.unloadAll()
        #expect(loader.unloaded.withLock { $0 } == [id("m", 1)])
    }

    @Test func `what is wanted no longer before its turn is never loaded`() async throws {
        let manager = try makeManager()
        loader.rules.withLock { rules in
            rules.policy = .all
            rules.beforeLoad = { [weak manager] _ in
                guard let manager else { return }
                manager.feed { $0.machine.modelsListed([], unavailable: []) }
            }
        }
        await manager.loadAll(listing(["m": [1, 2, 3]]))
        await manager.unloadAll()
        #expect(observer.loaded.withLock { $0 } == [id("m", 3)])
        #expect(loader.unloaded.withLock { $0 } == [id("m", 3)])
    }

    // MARK: - Labels

    private func labelled(_ model: String, _ label: String) -> ModelSelector {
        ModelSelector(name: name(model), version: .label(VersionLabel(label)!))
    }

    @Test func `a label leads to the version that it names`() async throws {
        loader.rules.withLock { rules in
            rules.policy = .all
            rules.labels = [VersionLabel("stable")!: ModelVersion(1)!, VersionLabel("canary")!: ModelVersion(2)!]
        }
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1, 2]]))
        #expect(try manager.lease(labelled("a", "stable")).id == id("a", 1))
        #expect(try manager.lease(labelled("a", "canary")).id == id("a", 2))
        loader.rules.withLock { $0.labels = [VersionLabel("stable")!: ModelVersion(2)!] }
        await manager.loadAll(listing(["a": [1, 2]], labels: "moved"))
        #expect(try manager.lease(labelled("a", "stable")).id == id("a", 2))
        #expect(refusal(manager, labelled("a", "canary"))?.code == .notFound)
        await manager.unloadAll()
        #expect(refusal(manager, labelled("a", "stable"))?.message.hasSuffix("not at ready state: unloaded") == true)
    }

    @Test func `a label that names no live version is refused with the reason`() async throws {
        loader.rules.withLock { rules in
            rules.labels = [VersionLabel("old")!: ModelVersion(7)!, VersionLabel("bad")!: ModelVersion(2)!]
            rules.failing = [id("a", 2)]
        }
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1, 2]]))
        let old = refusal(manager, labelled("a", "old"))
        #expect(old?.code == .notFound)
        #expect(
            old?.message == "Request for unknown model: 'a' label 'old' names version 7, which is not found"
        )
        let bad = refusal(manager, labelled("a", "bad"))
        #expect(bad?.code == .unavailable)
        #expect(bad?.message.hasSuffix("names version 2, which is not at ready state: a/2 is broken") == true)
        let unknown = refusal(manager, labelled("a", "new"))
        #expect(unknown?.message == "Request for unknown model: 'a' label 'new' is not found")
        #expect(unknown?.hint == "labels of it: bad, old")
    }
}
