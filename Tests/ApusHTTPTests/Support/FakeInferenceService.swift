import ApusCore
import Synchronization

/// Models that answer with their inputs, in ways that a test chooses.
final class FakeInferenceService: InferenceService, RepositoryControl, StatisticsSource {
    private struct State {
        var models: [FakeModel] = []
        var leaseCount = 0
        var lookCount = 0
    }

    private let state = Mutex(State())

    init(_ models: [FakeModel]) {
        state.withLock { $0.models = models }
    }

    /// How often a version was looked up.
    var leaseCount: Int { state.withLock { $0.leaseCount } }
    /// How often index or statistics were looked at.
    var lookCount: Int { state.withLock { $0.lookCount } }

    func lease(_ selector: ModelSelector) throws(InferenceError) -> Lease {
        let models = state.withLock { state in
            state.leaseCount += 1
            return state.models
        }
        let named = models.filter { $0.description.id.name == selector.name }
        guard !named.isEmpty else {
            throw InferenceError(
                .notFound,
                "Request for unknown model: '\(selector.name)' is not found",
                field: "model"
            )
        }
        switch selector.version {
        case .latest:
            guard let model = named.last(where: \.isReady) else {
                throw InferenceError(
                    .unavailable,
                    "Request for unknown model: '\(selector.name)' has no available versions"
                )
            }
            return model.lease()
        case .exact(let version):
            guard let model = named.first(where: { $0.description.id.version == version }) else {
                throw InferenceError(
                    .notFound,
                    "Request for unknown model: '\(selector.name)' version \(version) is not found"
                )
            }
            return model.lease()
        case .label(let label):
            guard label == VersionLabel("stable"), let model = named.first else {
                throw InferenceError(
                    .notFound,
                    "Request for unknown model: '\(selector.name)' label '\(label)' is not found"
                )
            }
            return model.lease()
        }
    }

    func index() -> [RepositoryIndexEntry] {
        look().map { model in
            RepositoryIndexEntry(
                name: model.description.id.name.description,
                version: model.description.id.version,
                state: model.isReady ? .ready : .unavailable,
                reason: model.isReady ? "" : "broken"
            )
        }
    }

    func readyVersions(of name: ModelName) -> [ModelVersion] {
        look().filter { $0.isReady && $0.description.id.name == name }.map(\.description.id.version)
    }

    func statistics() -> [ModelStatisticsReport] {
        look().map { ModelStatisticsReport(id: $0.description.id, statistics: ModelStatistics()) }
    }

    private func look() -> [FakeModel] {
        state.withLock { state in
            state.lookCount += 1
            return state.models
        }
    }
}

/// One version of a model whose outputs are its inputs.
final class FakeModel: ServedModel, LeaseHolder {
    /// How requests are answered.
    enum Mode {
        case atOnce
        /// When the test says so, through the lane.
        case later
        case fail(InferenceError)
        /// Not at all: it is live, and has nothing to run on.
        case none(InferenceError)
    }

    /// What a request said.
    struct Asked {
        var id: String
        var caller: Caller
        var inputs: [String]
        var outputs: [String]
        var deadline: Deadline
        var queueTimeout: Int64
        var priority: UInt64
        var parameters: [String: ParameterValue]
    }

    private struct State {
        var asked: [Asked] = []
        var waiting: [any Delivery] = []
        var sinks: [any AnswerSink] = []
        var lanes: [any CompletionLane] = []
        var leases = 0
        var cancelCount = 0
    }

    private final class Request: CancellableRequest {
        func expire() {}

        private let onCancel: @Sendable () -> Void

        init(onCancel: @escaping @Sendable () -> Void) {
            self.onCancel = onCancel
        }

        func cancel() { onCancel() }
    }

    let description: ModelDescription
    let allocator: any TensorAllocator = HeapTensorAllocator()
    let isReady: Bool
    private let mode: Mode
    private let state = Mutex(State())

    init(
        _ name: String,
        version: Int64 = 3,
        inputs: [TensorSpecification] = [TensorSpecification(name: "IN", dataType: .fp32, shape: [-1])],
        isReady: Bool = true,
        mode: Mode = .atOnce,
        image: ImageInput? = nil
    ) {
        description = ModelDescription(
            id: ModelID(name: ModelName(name)!, version: ModelVersion(version)!),
            platform: "fake",
            inputs: inputs,
            outputs: inputs,
            configurationJSON: Array(#"{"name":"\#(name)"}"#.utf8),
            image: image
        )
        self.isReady = isReady
        self.mode = mode
    }

    var asked: [Asked] { state.withLock { $0.asked } }
    /// Leases that haven't ended.
    var leases: Int { state.withLock { $0.leases } }
    var cancelCount: Int { state.withLock { $0.cancelCount } }

    func checkReadiness() throws(InferenceError) {
        if case .none(let error) = mode { throw error }
    }

    func lease() -> Lease {
        state.withLock { $0.leases += 1 }
        return Lease(model: self, holder: self)
    }

    func leaseCopied() {
        state.withLock { $0.leases += 1 }
    }

    func leaseEnded() {
        state.withLock { $0.leases -= 1 }
    }

    func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        let asked = Asked(
            id: request.id,
            caller: request.caller,
            inputs: request.inputs.map { "\($0.name) \($0.tensor.dataType.rawValue)\($0.tensor.shape)" },
            outputs: request.requestedOutputs,
            deadline: request.deadline,
            queueTimeout: request.queueTimeout,
            priority: request.priority,
            parameters: request.parameters
        )
        state.withLock { $0.asked.append(asked) }
        switch mode {
        case .fail(let error), .none(let error):
            sink.finish(.failure(error))
            return .finished
        case .atOnce, .later: break
        }
        let outputs = request.inputs
        let completion = Completion(answer: request.answer(with: outputs), to: sink)
        guard case .later = mode else {
            completion.carryOut()
            return .finished
        }
        let lane = sink.lane
        state.withLock { state in
            state.waiting.append(completion)
            state.sinks.append(sink)
            state.lanes.append(lane)
        }
        return CancellationHandle(Request { [self] in state.withLock { $0.cancelCount += 1 } })
    }

    /// Answers what waits, in the order of its coming, from the caller's thread.
    func answerAll() {
        let (waiting, lanes) = state.withLock { state in
            defer { (state.waiting, state.lanes, state.sinks) = ([], [], []) }
            return (state.waiting, state.lanes)
        }
        for (completion, lane) in zip(waiting, lanes) { lane.deliver([completion]) }
    }

    /// Fails what waits.
    func failAll(with error: InferenceError) {
        // The answers go too, and with them their leases, which ask for the lock.
        let (sinks, _) = state.withLock { state in
            defer { (state.waiting, state.lanes, state.sinks) = ([], [], []) }
            return (state.sinks, state.waiting)
        }
        for sink in sinks { sink.lane.deliver([Completion(failure: error, to: sink)]) }
    }
}
