import ApusCore
import Synchronization
import Testing

@testable import ApusModels

/// Models that need other models: the order of loading, and what becomes of them when that can't be.
struct DependencyTests {
    private let loader = FakeLoader()
    private let observer = RecordingObserver()

    private func needs(_ needs: [String: [String]]) {
        loader.rules.withLock { rules in
            rules.needs = Dictionary(uniqueKeysWithValues: needs.map { (name($0), $1.map { name($0) }) })
        }
    }

    private func makeManager(threads: Int = 1) throws -> ModelManager<FakeServable> {
        var configuration = ModelManager<FakeServable>.Configuration()
        configuration.loadingThreads = threads
        return try ModelManager(loader: loader, observer: observer, configuration: configuration)
    }

    private var reasons: [String: String] {
        Dictionary(
            observer.failed.withLock { $0 }.map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (String(parts[0].prefix { $0 != "/" }), String(parts[1].dropFirst()))
            },
            uniquingKeysWith: { $1 }
        )
    }

    @Test(arguments: [1, 4])
    func `a model is loaded after those that it needs, in whatever order they are listed`(threads: Int) async throws {
        needs(["a": ["z", "m"], "m": ["z"]])
        let manager = try makeManager(threads: threads)
        await manager.loadAll(listing(["a": [1], "m": [1], "z": [1]]))
        #expect(observer.loaded.withLock { $0 } == [id("z", 1), id("m", 1), id("a", 1)])
        #expect(manager.isSettled && !manager.hasFailures)
    }

    @Test func `a model that needs one that isn't there says so, with the name that was meant`() async throws {
        needs(["a": ["classifer"], "b": ["nothing-like-it"]])
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1], "b": [1], "classifier": [1]]))
        #expect(
            reasons["a"]
                == "it needs model 'classifer', which isn't in the repository; did you mean 'classifier'?"
        )
        #expect(reasons["b"] == "it needs model 'nothing-like-it', which isn't in the repository; put it there")
        #expect(manager.liveVersions().map(\.id) == [id("classifier", 1)])
        #expect(manager.isSettled && manager.hasFailures)
    }

    @Test func `a model that needs one that failed gives that one's reason, along the whole way`() async throws {
        needs(["a": ["b"], "b": ["c"]])
        loader.rules.withLock { $0.failing = [id("c", 1)] }
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1], "b": [1], "c": [1]]))
        #expect(reasons["b"] == "it needs model 'c', which can't be served: version 1: c/1 is broken")
        #expect(
            reasons["a"]
                == "it needs model 'b', which can't be served: version 1: it needs model 'c', which can't be served: "
                + "version 1: c/1 is broken"
        )
    }

    @Test func `a refused configuration and an illegal folder are reasons too`() async throws {
        needs(["a": ["b"]])
        loader.rules.withLock { $0.refused = [name("b")] }
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1], "b": [1]]))
        #expect(reasons["a"] == "it needs model 'b', which can't be served: config.pbtxt is wrong")
    }

    @Test(arguments: [1, 3])
    func `models that need each other in a circle all fail with the way round`(threads: Int) async throws {
        needs(["c": ["a"], "a": ["b"], "b": ["c"], "d": ["b"], "self": ["self"]])
        let manager = try makeManager(threads: threads)
        await manager.loadAll(listing(["a": [1], "b": [1], "c": [1], "d": [1], "self": [1], "free": [1]]))
        let circle = "models need each other in a circle: a -> b -> c -> a; take one out of it"
        #expect(reasons["a"] == circle && reasons["b"] == circle && reasons["c"] == circle)
        #expect(reasons["d"] == "it needs model 'b', which can't be served: version 1: \(circle)")
        #expect(reasons["self"] == "models need each other in a circle: self -> self; take one out of it")
        #expect(manager.liveVersions().map(\.id) == [id("free", 1)])
        #expect(manager.isSettled)
    }

    @Test func `what failed for want of another is tried again with the next list`() async throws {
        needs(["a": ["b"]])
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1]]))
        #expect(manager.liveVersions().isEmpty)
        await manager.loadAll(listing(["a": [1], "b": [1]]))
        #expect(manager.liveVersions().map(\.id) == [id("a", 1), id("b", 1)])
        #expect(!manager.hasFailures)
    }

    @Test func `a model stays live when one that it needs goes`() async throws {
        needs(["a": ["b"]])
        let manager = try makeManager()
        await manager.loadAll(listing(["a": [1], "b": [1]]))
        await manager.loadAll(listing(["a": [1]]))
        #expect(manager.readyVersions(of: name("a")) == [.first])
        #expect(manager.readyVersions(of: name("b")).isEmpty)
    }

    @Test func `the shortest circle is the one that is told`() {
        var graph = DependencyGraph()
        #expect(graph.add([name("b"), name("c")], of: name("a")).isEmpty)
        #expect(graph.add([name("d")], of: name("b")).isEmpty)
        #expect(graph.add([name("c")], of: name("d")).isEmpty)
        #expect(Set(graph.add([name("a")], of: name("c"))) == [name("a"), name("c")])
        #expect(graph.circle(of: name("c")) == [name("a"), name("c"), name("a")])
        #expect(graph.circle(of: name("b")) == nil)
        #expect(graph.dependents(of: name("c")) == [name("a"), name("d")])
    }

    // MARK: - Models without files

    @Test func `what is all configuration needs no version folder, nor files in one`() async throws {
        let folder = TemporaryFolder()
        folder.write("none/apus.yaml", "ensemble:")
        folder.write("empty/apus.yaml", "ensemble:")
        folder.makeFolder("empty/3")
        folder.write("pbtxt/config.pbtxt", "platform: 'ensemble'")
        let found = try RepositoryListing(
            scanning: LocalModelStorage(path: folder.path),
            modelFilenames: ["model.onnx"]
        )
        loader.rules.withLock { $0.isAllConfiguration = true }
        let manager = try makeManager()
        await manager.loadAll(found)
        #expect(manager.liveVersions().map(\.id) == [id("empty", 3), id("none", 1), id("pbtxt", 1)])
    }

    @Test func `what only speaks of an ensemble still has no version`() async throws {
        let folder = TemporaryFolder()
        folder.write("m/config.pbtxt", "# no ensemble")
        let found = try RepositoryListing(
            scanning: LocalModelStorage(path: folder.path),
            modelFilenames: ["model.onnx"]
        )
        let manager = try makeManager()
        await manager.loadAll(found)
        #expect(reasons["m"]?.contains("has a config.pbtxt but no version folder: make 'm/1'") == true)
    }
}
