import ApusCore
import ApusTesting
import Synchronization

@testable import ApusScheduling

/// A model that an ensemble asks: answers at once, or when the test says so.
final class FakeMember: ServedModel, CancellableRequest {
    /// What it was asked.
    struct Call: Sendable {
        let id: String
        let inputs: [NamedTensor]
        let outputs: [String]
        let deadline: Deadline
        let priority: UInt64
        let parameters: [String: ParameterValue]
        let traceParent: String
        let caller: Caller
    }

    /// A request that waits for the test.
    private struct Held: Sendable {
        let request: HandOver<InferenceRequest>
        let sink: any AnswerSink
    }

    private struct State {
        var calls: [Call] = []
        var held: [Held] = []
        var cancels = 0
        var expiries = 0
        var onSubmit: (@Sendable () -> Void)?
    }

    let description: ModelDescription
    let allocator: any TensorAllocator = HeapTensorAllocator()
    let holder = RecordingLeaseHolder()
    /// How many answers it gives to a request.
    let answers: Int
    private let isHeld: Bool
    private let failure: InferenceError?
    private let state = Mutex(State())

    init(
        _ name: String,
        isHeld: Bool = false,
        failure: InferenceError? = nil,
        answers: Int = 1,
        version: ModelVersion = .first
    ) {
        self.isHeld = isHeld
        self.failure = failure
        self.answers = answers
        description = ModelDescription(
            id: ModelID(name: ModelName(name)!, version: version),
            platform: "fake",
            inputs: [],
            outputs: []
        )
    }

    var calls: [Call] { state.withLock { $0.calls } }
    var cancels: Int { state.withLock { $0.cancels } }
    var expiries: Int { state.withLock { $0.expiries } }
    var waiting: Int { state.withLock { $0.held.count } }

    /// Called at the end of each `submit`, while the ensemble doesn't have the handle yet.
    func whenAsked(_ hook: @escaping @Sendable () -> Void) {
        state.withLock { $0.onSubmit = hook }
    }

    func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        let call = Call(
            id: request.id,
            inputs: request.inputs,
            outputs: request.requestedOutputs,
            deadline: request.deadline,
            priority: request.priority,
            parameters: request.parameters,
            traceParent: request.traceParent,
            caller: request.caller
        )
        let held = Held(request: HandOver(request), sink: sink)
        state.withLock { state in
            state.calls.append(call)
            if isHeld { state.held.append(held) }
        }
        guard isHeld else {
            end(held, with: failure)
            return .finished
        }
        state.withLock { $0.onSubmit }?()
        return CancellationHandle(self)
    }

    /// Answers the request that has waited longest, or fails it.
    func endOne(with error: InferenceError? = nil) {
        let held = state.withLock { $0.held.isEmpty ? nil : $0.held.removeFirst() }
        if let held { end(held, with: error) }
    }

    func cancel() {
        state.withLock { $0.cancels += 1 }
        endOne(with: InferenceError(.cancelled, "cancelled"))
    }

    func expire() {
        state.withLock { $0.expiries += 1 }
        endOne(with: Scheduler.expired)
    }

    private func end(_ held: Held, with error: InferenceError?) {
        guard let request = held.request.take() else { return }
        if let error {
            let prefixed = Scheduler.prefixed(error, id: request.id)
            _ = consume request
            return held.sink.finish(.failure(prefixed))
        }
        let sum = request.inputs.reduce(0) { $0 + ($1.tensor.floats.first ?? 0) }
        let outputs = request.requestedOutputs.map {
            NamedTensor(name: $0, tensor: Tensor(floats: [sum + RandomEnsemble.offset($0)]))
        }
        for _ in 1..<max(1, answers) {
            held.sink.receive(
                InferenceAnswer(
                    id: request.id,
                    outputs: outputs,
                    timings: request.timings,
                    lease: request.lease.copy(),
                    charge: nil
                )
            )
        }
        if answers > 0 {
            held.sink.receive(request.answer(with: outputs))
        } else {
            _ = consume request
        }
        held.sink.finish(.success)
    }
}

/// Live models by name.
final class FakeModels: InferenceService {
    private let models: Mutex<[String: (any ServedModel, RecordingLeaseHolder)]>

    init(_ members: [FakeMember] = []) {
        models = Mutex([:])
        for member in members { add(member, member.holder) }
    }

    func add(_ model: any ServedModel, _ holder: RecordingLeaseHolder) {
        models.withLock { $0[model.description.id.name.description] = (model, holder) }
    }

    func remove(_ name: String) {
        models.withLock { $0[name] = nil }
    }

    func lease(_ selector: ModelSelector) throws(InferenceError) -> Lease {
        guard let (model, holder) = models.withLock({ $0[selector.name.description] }) else {
            throw InferenceError(.notFound, "Request for unknown model: '\(selector.name)' is not found", hint: "look")
        }
        return holder.lease(model)
    }

    /// Whether every lease that was opened has ended.
    var areAllLeasesEnded: Bool {
        models.withLock { models in models.values.allSatisfy { $0.1.opened == $0.1.ended } }
    }
}

/// An ensemble over fake members.
final class EnsembleBench: Sendable {
    let time = ManualTime()
    let models: FakeModels
    let holder = RecordingLeaseHolder()
    let front: EnsembleFront

    init(
        _ name: String = "e",
        inputs: [String],
        outputs: [String],
        steps: [EnsemblePlan.WrittenStep],
        models: FakeModels,
        optional: [String] = [],
        budget: ByteBudget? = nil,
        extent: EnsembleExtent = EnsembleExtent(depth: 1, requests: 1)
    ) {
        self.models = models
        var configuration = EnsembleFront.Configuration()
        configuration.budget = budget
        front = EnsembleFront(
            description: ModelDescription(
                id: ModelID(name: ModelName(name)!, version: .first),
                platform: "ensemble",
                inputs: inputs.map { Model.tensor($0, isOptional: optional.contains($0)) },
                outputs: outputs.map { Model.tensor($0) },
                ensemble: extent
            ),
            plan: EnsemblePlan(inputs: inputs, outputs: outputs, steps: steps)!,
            models: models,
            time: time,
            configuration: configuration
        )
    }

    /// A request with one number for each input.
    func request(_ values: [String: Float], id: String = "7", outputs: [String] = []) -> InferenceRequest {
        let inputs = values.sorted { $0.key < $1.key }.map {
            NamedTensor(name: $0.key, tensor: Tensor(floats: [$0.value]))
        }
        var request = InferenceRequest(
            inputs: inputs,
            timings: RequestTimings(received: time.now),
            lease: holder.lease(front)
        )
        request.id = id
        request.requestedOutputs = outputs
        return request
    }

    /// Whether every lease has ended, the ensemble's and its members'.
    var areAllLeasesEnded: Bool { holder.opened == holder.ended && models.areAllLeasesEnded }
}
