import ApusCore
import ApusModels
import ApusScheduling
import ApusTelemetry
import Logging
import Testing

@testable import ApusServer

struct SchedulerLoaderTests {
    private func loader() throws -> SchedulerLoader {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return SchedulerLoader(
            engines: EngineSet(path: "/nonexistent", executableFolder: nil, threadCount: 1, logger: logger),
            pool: try EngineThreadPool(threadCount: 1),
            time: SystemTime(),
            defaultInstances: 2,
            allowsInlineRuns: true,
            cache: ResponseCache(byteLimit: 1 << 20),
            logger: logger
        )
    }

    private func load(_ repository: Repository, _ name: String = "m") throws -> any RequestFront {
        let folder = try #require(try repository.folder(of: name))
        let loader = try loader()
        let plan = try loader.plan(folder).plan
        return try loader.load(ModelID(name: folder.name, version: .first), from: folder, plan: plan).front
    }

    /// The words with which a model is refused.
    private func refusal(_ repository: Repository) -> ModelError? {
        #expect(throws: ModelError.self) { try load(repository) }
    }

    @Test func `a built-in model comes to a scheduler that says what it is`() throws {
        let scheduler = try load(Repository().addIdentity("m", more: "max_batch_size: 4"))
        let description = scheduler.description
        #expect(description.id.description == "m/1")
        #expect(description.platform == "builtin")
        #expect(description.inputs.map(\.shape) == [[-1, -1]])
        #expect(description.maxBatchSize == 4)
        #expect(!description.configurationJSON.isEmpty)
    }

    @Test func `rules for inputs stand before whatever a version is`() throws {
        let repository = Repository().addIdentity("m", more: "response_cache { enable: true }")
        repository.folder.write("m/apus.yaml", "validation: {IN: {preset: numeric, min: 5}}")
        let front = try load(repository)
        #expect(front is ValidatingFront)
        #expect(front.description.examples == ["IN": InputExample(element: "5.0")])
        repository.folder.write("m/apus.yaml", "validation: {IN: {max_length: 5}}")
        #expect(refusal(repository)?.message.contains("validation.IN.max_length: lengths and characters") == true)
        repository.folder.write("m/apus.yaml", "validation: {}")
        let bare = try load(repository)
        #expect(!(bare is ValidatingFront))
    }

    @Test func `an unknown backend is refused with those that there are`() {
        let error = refusal(Repository().add("m", #"backend: "tensorflow""#))
        #expect(error?.code == .engineMissing)
        #expect(error?.message == "no engine is called 'tensorflow'; this server has builtin")
    }

    @Test func `a missing engine is refused with where it was looked for`() {
        let repository = Repository()
        repository.folder.write("m/1/model.onnx", "not read")
        let error = refusal(repository)
        #expect(error?.code == .engineMissing)
        #expect(error?.message.contains("/nonexistent") == true)
        #expect(error?.message.contains("scripts/install-engine onnxruntime") == true)
    }

    @Test func `what the engine refuses is a failed load with its words`() {
        let text = #"backend: "builtin" parameters { key: "kind" value { string_value: "segv" } }"#
        let error = refusal(Repository().add("m", text))
        #expect(error?.code == .loadFailed)
        #expect(error?.message.contains("built-in model 'm' is of unknown kind 'segv'") == true)
    }

    @Test func `a model with sequences has a front that shows what clients send`() throws {
        let text = """
            backend: "builtin" parameters { key: "kind" value { string_value: "sequence" } }
            input { name: "INPUT" data_type: TYPE_INT32 dims: [ 1 ] }
            output { name: "OUTPUT" data_type: TYPE_INT32 dims: [ 1 ] }
            """
        let start = "kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ]"
        let control = #"control_input { name: "START" control { \#(start) } }"#
        let front = try load(Repository().add("m", text + " sequence_batching { \(control) }"))
        #expect(front is SequenceFront)
        #expect(front.description.inputs.map(\.name) == ["INPUT"])
        #expect(front.description.outputs.map(\.name) == ["OUTPUT"])
        let error = refusal(Repository().add("m", text))
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("write sequence_batching { }") == true)
    }

    @Test func `a decoupled model says that it is`() throws {
        let more = "model_transaction_policy { decoupled: true }"
        #expect(try load(Repository().addIdentity("m", more: more)).description.isDecoupled)
        #expect(try !load(Repository().addIdentity("m")).description.isDecoupled)
    }

    @Test func `a model whose engine has no such device is refused`() {
        let error = refusal(Repository().addIdentity("m", more: "instance_group { kind: KIND_GPU gpus: [ 1 ] }"))
        #expect(error?.code == .loadFailed)
        #expect(error?.message == "built-in model 'm' can't run on GPU 1: write kind: KIND_CPU")
    }

    @Test func `instances are as many as the groups say together`() throws {
        let groups = "instance_group { count: 2 } instance_group { count: 3 } instance_group { }"
        _ = try load(Repository().addIdentity("m", more: groups))
        let error = refusal(Repository().addIdentity("m", more: "instance_group { count: 2147483647 }"))
        #expect(error?.code == .invalidConfiguration)
        #expect(
            error?.message
                == "m/config.pbtxt: instance_group asks for 2147483647 instances; at most 1024 are made"
        )
    }
}
