import ApusCore
import ApusScheduling
import Testing

@testable import ApusServer

struct ResponseCachePlanTests {
    private static let pbtxt = #"backend: "builtin" "#

    private func plan(_ configuration: String, _ yaml: String? = nil) throws -> ModelPlan {
        let repository = Repository().add("m", Self.pbtxt + configuration)
        if let yaml { repository.folder.write("m/apus.yaml", yaml) }
        return try ModelPlan(try #require(try repository.folder(of: "m")))
    }

    private func refusal(_ configuration: String, _ yaml: String) -> String {
        #expect(throws: ModelError.self) { try plan(configuration, yaml) }?.message ?? ""
    }

    @Test func `it is off unless a file says so`() throws {
        #expect(try !plan("").responseCache.isEnabled)
        #expect(try !plan("response_cache { enable: false }").responseCache.isEnabled)
        #expect(try plan("response_cache { enable: true }").responseCache.isEnabled)
        #expect(try plan("", "response_cache: {enable: true}").responseCache.isEnabled)
    }

    @Test func `apus.yaml comes first`() throws {
        let plan = try plan("response_cache { enable: true }", "response_cache: {enable: false}")
        #expect(!plan.responseCache.isEnabled)
        #expect(plan.ignoredFields.isEmpty)
    }

    @Test func `a time to live goes with a cache of either file`() throws {
        #expect(
            try plan("", "response_cache: {enable: true, time_to_live: 60s}").responseCache.timeToLive == 60_000_000_000
        )
        let both = try plan("response_cache { enable: true }", "response_cache: {time_to_live: 1ms}").responseCache
        #expect(both.isEnabled)
        #expect(both.timeToLive == 1_000_000)
        #expect(refusal("", "response_cache: {time_to_live: 60s}").contains("write enable: true beside it"))
        #expect(refusal("", "response_cache: {enable: true, time_to_live: 0s}").contains("for example 60s"))
        #expect(refusal("", "response_cache: {enable: maybe}").contains("expected true or false, not 'maybe'"))
    }

    @Test func `a model whose answers don't depend on the request alone can't have one`() {
        let sequence = refusal("sequence_batching { }", "response_cache: {enable: true}")
        #expect(sequence.contains("m/apus.yaml: response_cache cannot be used with 'sequence_batching'"))
        let decoupled = refusal(
            "model_transaction_policy { decoupled: true }",
            "response_cache: {enable: true}"
        )
        #expect(decoupled.contains("m/apus.yaml: response_cache cannot be used with"))
    }

    @Test func `a cache stands before a model that may have one`() throws {
        let plan = try plan("response_cache { enable: true }").responseCache
        let cache = ResponseCache(byteLimit: 1000)
        let front = { (isDecoupled: Bool) in
            plan.front(
                before: SilentFront(isDecoupled: isDecoupled),
                cache: cache,
                time: SystemTime(),
                queue: QueueRules()
            )
        }
        #expect(front(true) is SilentFront)
        #expect(cache.usage == nil)
        #expect(front(false) is CachingFront)
        #expect(front(false).statistics().cache != nil)
        #expect(cache.usage?.answers == 0)
    }
}

/// A version that answers nothing.
private final class SilentFront: RequestFront {
    let description: ModelDescription
    let allocator: any TensorAllocator = HeapTensorAllocator()

    init(isDecoupled: Bool) {
        description = ModelDescription(
            id: ModelID(name: ModelName("m")!, version: .first),
            platform: "",
            inputs: [],
            outputs: [],
            isDecoupled: isDecoupled
        )
    }

    func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle { .finished }
    func statistics() -> ModelStatistics { ModelStatistics() }
    func unload() {}
}
