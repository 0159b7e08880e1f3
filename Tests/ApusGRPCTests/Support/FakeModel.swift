import ApusCore
import Synchronization

/// One version of a model whose outputs are its inputs.
final class FakeModel: ServedModel, LeaseHolder {
    /// How requests are answered.
    enum Mode {
        case atOnce
        /// When the test says so.
        case later
        case fail(InferenceError)
        /// By so many answers, as the client takes them.
        case parts(Int)
    }

    private struct State {
        var asked: [InferenceFacts] = []
        var waiting: [any Delivery] = []
        var sinks: [any AnswerSink] = []
        var leases = 0
        var cancelCount = 0
        var partsSent = 0
    }

    /// What a request said.
    struct InferenceFacts: Sendable {
        var id: String
        var caller: Caller
        var outputs: [String]
        var deadline: Deadline
        var priority: UInt64
        var queueTimeout: Int64
        var parameters: [String: ParameterValue]
    }

    private final class Request: CancellableRequest {
        private let onCancel: @Sendable () -> Void

        init(onCancel: @escaping @Sendable () -> Void) {
            self.onCancel = onCancel
        }

        func expire() { onCancel() }
        func cancel() { onCancel() }
    }

    /// Answers one request part by part.
    private final class Parts: Sendable {
        let lease: Lease
        let id: String
        let outputs: [NamedTensor]
        let timings: RequestTimings
        let sink: any AnswerSink
        let model: FakeModel
        let remaining: Mutex<Int>

        init(_ request: consuming InferenceRequest, count: Int, sink: any AnswerSink, model: FakeModel) {
            self.id = request.id
            self.outputs = request.inputs
            self.timings = request.timings
            self.lease = request.lease.copy()
            self.sink = sink
            self.model = model
            self.remaining = Mutex(count)
        }

        func run() {
            while remaining.withLock({ $0 }) > 0 {
                guard sink.demand > 0 else { return sink.whenDemanded { self.run() } }
                remaining.withLock { $0 -= 1 }
                model.state.withLock { $0.partsSent += 1 }
                sink.receive(
                    InferenceAnswer(id: id, outputs: outputs, timings: timings, lease: lease.copy(), charge: nil)
                )
            }
            sink.finish(.success)
        }
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
        mode: Mode = .atOnce
    ) {
        var isDecoupled = false
        if case .parts = mode { isDecoupled = true }
        description = ModelDescription(
            id: ModelID(name: ModelName(name)!, version: ModelVersion(version)!),
            platform: "fake",
            inputs: inputs,
            outputs: inputs,
            isDecoupled: isDecoupled,
            configurationJSON: Array(
                #"{"name":"\#(name)","max_batch_size":4,"version_policy":{"latest":{"num_versions":2}}}"#.utf8
            )
        )
        self.isReady = isReady
        self.mode = mode
    }

    var asked: [InferenceFacts] { state.withLock { $0.asked } }
    /// Leases that haven't ended.
    var leases: Int { state.withLock { $0.leases } }
    var cancelCount: Int { state.withLock { $0.cancelCount } }
    var partsSent: Int { state.withLock { $0.partsSent } }
    var waitingCount: Int { state.withLock { $0.waiting.count } }

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
        let facts = InferenceFacts(
            id: request.id,
            caller: request.caller,
            outputs: request.requestedOutputs,
            deadline: request.deadline,
            priority: request.priority,
            queueTimeout: request.queueTimeout,
            parameters: request.parameters
        )
        let deadline = request.deadline
        state.withLock { $0.asked.append(facts) }
        switch mode {
        case .fail(let error):
            sink.finish(.failure(error))
            return .finished
        case .parts(let count):
            Parts(request, count: count, sink: sink, model: self).run()
            return .finished
        case .atOnce, .later: break
        }
        let outputs = request.inputs
        let completion = Completion(answer: request.answer(with: outputs), to: sink)
        guard case .later = mode else {
            sink.lane.deliver([completion])
            return .finished
        }
        state.withLock { state in
            state.waiting.append(completion)
            state.sinks.append(sink)
        }
        return CancellationHandle(Request { [self] in cancelAll() }, deadline: deadline)
    }

    /// Answers what waits, from the caller's thread.
    func answerAll() {
        let waiting = state.withLock { state in
            defer { (state.waiting, state.sinks) = ([], []) }
            return state.waiting
        }
        for completion in waiting { completion.lane.deliver([completion]) }
    }

    private func cancelAll() {
        let (sinks, _) = state.withLock { state in
            state.cancelCount += 1
            defer { (state.waiting, state.sinks) = ([], []) }
            return (state.sinks, state.waiting)
        }
        let error = InferenceError(.cancelled, "cancelled")
        for sink in sinks { sink.lane.deliver([Completion(failure: error, to: sink)]) }
    }
}
