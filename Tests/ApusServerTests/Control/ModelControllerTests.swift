import ApusCore
import ApusModels
import ApusScheduling
import Logging
import Synchronization
import Testing

@testable import ApusServer

/// Loads by request over a repository of built-in models.
@Suite(.timeLimit(.minutes(1)))
struct ModelControllerTests {
    private struct Unobserved: ModelManagerObserver {
        func modelLoaded(_ id: ModelID, nanoseconds: UInt64) {}
        func modelFailed(_ name: String, version: ModelVersion?, error: ModelError) {}
        func modelUnloaded(_ id: ModelID) {}
    }

    /// Counts the looks into a repository.
    private final class Looks: Sendable {
        let count = Mutex(0)
        private let path: String

        init(path: String) {
            self.path = path
        }

        func list() throws(ModelError) -> RepositoryListing {
            count.withLock { $0 += 1 }
            do throws(RuntimeFailure) {
                return RepositoryListing(models: try models(), unavailable: [])
            } catch {
                throw ModelError(.unreadable, error.message)
            }
        }

        private func models() throws(RuntimeFailure) -> [ModelFolder] {
            let storage = try LocalModelStorage(path: path)
            return (try? RepositoryListing(scanning: storage, modelFilenames: ["model.onnx"]).models) ?? []
        }
    }

    private let repository = Repository().addIdentity("a").addIdentity("b").addIdentity("c")

    private func makeController(_ looks: Looks) async throws -> ModelController {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let loader = SchedulerLoader(
            engines: EngineSet(path: "/nonexistent", executableFolder: nil, threadCount: 1, logger: logger),
            pool: try EngineThreadPool(threadCount: 1),
            time: SystemTime(),
            defaultInstances: 1,
            allowsInlineRuns: true,
            cache: ResponseCache(byteLimit: 1 << 20),
            logger: logger
        )
        let manager = try ModelManager<LoadedModel>(loader: loader, observer: Unobserved())
        await manager.begin(try looks.list(), loading: [])
        looks.count.withLock { $0 = 0 }
        return ModelController(
            manager: manager,
            isExplicit: true,
            allowsFiles: false,
            modelFilenames: ["model.onnx"],
            list: { () throws(ModelError) in try looks.list() }
        )
    }

    private func name(_ text: String) -> ModelName { ModelName(text)! }

    @Test func `a list of models takes one look, and none where all of them are served`() async throws {
        let looks = Looks(path: repository.path)
        let controller = try await makeController(looks)
        try await controller.serve(only: [name("a"), name("b"), name("c")])
        #expect(controller.manager.liveVersions().map(\.id.name.description) == ["a", "b", "c"])
        #expect(looks.count.withLock { $0 } == 1)
        try await controller.serve(only: [name("c"), name("b")])
        #expect(looks.count.withLock { $0 } == 1)
        while controller.manager.liveVersions().map(\.id.name.description) != ["b", "c"] { await Task.yield() }
        await controller.manager.unloadAll()
    }

    @Test func `where one of a list isn't there, nothing comes and nothing goes`() async throws {
        let controller = try await makeController(Looks(path: repository.path))
        try await controller.serve(only: [name("a")])
        let error = await #expect(throws: InferenceError.self) {
            try await controller.serve(only: [name("b"), name("nowhere")])
        }
        #expect(error?.code == .notFound)
        #expect(controller.manager.liveVersions().map(\.id.name.description) == ["a"])
        await controller.manager.unloadAll()
    }
}
