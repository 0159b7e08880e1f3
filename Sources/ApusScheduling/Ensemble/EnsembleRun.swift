internal import ApusCore
internal import Synchronization

/// One request on its way through an ensemble.
///
/// The state machine says which step is next; this holds the tensors, asks the models and answers. Whoever brings news
/// (the caller, a step's sink) takes all steps that follow from it, one at a time: news that come meanwhile, from a model
/// that answers before `submit` returns for example, are left to whoever is at it, so that long chains need no deep stack.
final class EnsembleRun: CancellableRequest {
    /// How steps are called back.
    private enum CallBack {
        case cancel
        case expire
    }

    /// What a step's model has answered.
    private struct StepAnswer {
        var count = 0
        var outputs: [NamedTensor] = []
    }

    private struct State: ~Copyable {
        var machine: EnsembleStateMachine
        /// By number; `nil` when it isn't there yet, or needed no more.
        var tensors: [Tensor?]
        /// What each step's model has answered.
        var answers: [StepAnswer]
        /// By step, while it runs.
        var handles: [CancellationHandle?]
        /// Whether somebody takes steps.
        var isDriven = false
        /// How running steps were called back; `nil` when they weren't.
        var callBack: CallBack?
        /// Bytes between steps that haven't been charged.
        var uncharged = 0
    }

    private let front: EnsembleFront
    /// Indices of the outputs that were asked for.
    private let wanted: [Int]
    private let batchSize: Int
    private let sink: any AnswerSink
    private let traits: Traits
    private let holdings: EnsembleHoldings
    private let state: Mutex<State>

    /// Takes a request over that fits the ensemble.
    init(
        _ request: consuming InferenceRequest,
        call: ValidatedCall,
        members: [PinnedMember],
        sink: any AnswerSink,
        front: EnsembleFront
    ) {
        self.front = front
        self.wanted = call.outputs
        self.batchSize = call.batchSize
        self.sink = sink
        let traits = Traits(request)
        self.traits = traits
        // From here on each is let go when nobody needs it any more.
        request.inputs = []
        self.holdings = EnsembleHoldings(request, members: members, budget: front.budget)
        let plan = front.plan
        var tensors = [Tensor?](repeating: nil, count: plan.tensorCount)
        for index in plan.inputs.indices { tensors[plan.inputs[index]] = call.inputs[index] }
        self.state = Mutex(
            State(
                // A step of a sequence changes its model's state, so it has to run whatever is wanted of it.
                machine: EnsembleStateMachine(plan, outputs: call.outputs, runsAll: traits.sequence != nil),
                tensors: tensors,
                answers: Array(repeating: StepAnswer(), count: plan.steps.count),
                handles: Array(repeating: nil, count: plan.steps.count)
            )
        )
    }

    /// Whether it has been answered, or is about to be.
    var isOver: Bool { state.withLock { $0.machine.isOver } }

    // MARK: - Steps

    private enum Work {
        case start(step: Int, inputs: [NamedTensor], outputs: [String])
        case answer([NamedTensor])
    }

    /// Takes all steps that can be taken, unless somebody is at it.
    func drive() {
        let isMine = state.withLock { state in
            defer { state.isDriven = true }
            return !state.isDriven
        }
        guard isMine else { return }
        while let work = nextWork() {
            switch work {
            case .start(let step, let inputs, let outputs): start(step, inputs: inputs, outputs: outputs)
            case .answer(let outputs): answer(with: outputs)
            }
        }
    }

    private func nextWork() -> Work? {
        let plan = front.plan
        return state.withLock { state in
            switch state.machine.next() {
            case .nothing:
                state.isDriven = false
                return nil
            case .finished:
                let outputs = wanted.compactMap { output in
                    state.tensors[plan.outputs[output]].map {
                        NamedTensor(name: front.description.outputs[output].name, tensor: $0)
                    }
                }
                state.tensors = []
                return .answer(outputs)
            case .start(let step, let released):
                // An optional input that was left out is left out for the model as well.
                let inputs = plan.steps[step].inputs.compactMap { port in
                    state.tensors[port.tensor].map { NamedTensor(name: port.name, tensor: $0) }
                }
                for tensor in released { state.tensors[tensor] = nil }
                var outputs: [String] = []
                for port in plan.steps[step].outputs where state.machine.isWanted(port.tensor) {
                    outputs.append(port.name)
                }
                // None at all would mean all of them.
                if outputs.isEmpty { outputs = plan.steps[step].outputs.map(\.name) }
                return .start(step: step, inputs: inputs, outputs: outputs)
            }
        }
    }

    /// Asks a step's model.
    private func start(_ step: Int, inputs: [NamedTensor], outputs: [String]) {
        // Called back on the way, and all let go.
        guard let member = holdings.useMember(front.plan.steps[step].member) else { return }
        let model = member.lease.model
        let request = traits.request(
            inputs,
            outputs: outputs,
            received: front.time.now,
            lease: Lease(model: model, holder: holdings)
        )
        let sink = EnsembleStepSink(self, step: step, lane: self.sink.lane)
        let handle =
            if let ensemble = member.ensemble {
                ensemble.submit(request, pinned: member.members, to: sink)
            } else {
                model.submit(request, to: sink)
            }
        guard !handle.isFinished else { return }
        let callBack: CallBack? = state.withLock { state in
            guard state.machine.isRunning(step) else { return nil }
            if !state.machine.isOver { state.handles[step] = handle }
            return state.callBack
        }
        if let callBack { EnsembleRun.callBack([handle], callBack) }
    }

    /// A step's model has given an answer.
    func stepAnswered(_ step: Int, with outputs: [NamedTensor]) {
        state.withLock { state in
            guard !state.machine.isOver else { return }
            state.answers[step].count += 1
            state.answers[step].outputs = outputs
        }
    }

    /// A step's model has come to its end.
    func stepEnded(_ step: Int, _ end: AnswerEnd) {
        switch end {
        case .failure(let error):
            fail(step, with: error)
        case .success:
            do throws(InferenceError) {
                try keepAnswer(of: step)
            } catch {
                return fail(step, with: error)
            }
            drive()
        }
    }

    /// Keeps the outputs of a step that somebody will need.
    private func keepAnswer(of step: Int) throws(InferenceError) {
        let outcome: Result<Int, InferenceError> = state.withLock { state in
            guard !state.machine.isOver else { return .success(0) }
            let answer = state.answers[step]
            state.answers[step].outputs = []
            guard answer.count == 1 else { return .failure(EnsembleRun.wrongCount(answer.count)) }
            var byteCount = 0
            for port in front.plan.steps[step].outputs where state.machine.isWanted(port.tensor) {
                guard let output = answer.outputs.first(where: { $0.name == port.name }) else {
                    return .failure(InferenceError(.internalFailure, "its model gave no output '\(port.name)'"))
                }
                state.tensors[port.tensor] = output.tensor
                byteCount += output.tensor.storage.byteCount
            }
            state.uncharged += byteCount
            guard state.uncharged > RequestMemory.freeBytes else { return .success(0) }
            defer { state.uncharged = 0 }
            return .success(state.uncharged)
        }
        guard holdings.charge(try outcome.get()) else { throw ByteBudget.exhausted }
        state.withLock { state in
            state.machine.stepSucceeded(step)
            state.handles[step] = nil
        }
    }

    private static func wrongCount(_ count: Int) -> InferenceError {
        InferenceError(
            .unsupported,
            "its model gave \(count) answers; a step of an ensemble takes exactly one",
            hint: "leave decoupled models out of ensembles"
        )
    }

    // MARK: - Ends

    func cancel() {
        let error = InferenceError(.cancelled, "the request was cancelled: nobody waits for its answer")
        end(with: error, .cancel) { $0.calledBack() }
    }

    func expire() {
        end(with: Scheduler.expired, .expire) { $0.calledBack() }
    }

    /// Ends the request because a step failed, in the member's words.
    private func fail(_ step: Int, with error: InferenceError) {
        let words = error.message.trimmingPrefix(traits.prefix)
        let title = front.plan.steps[step].title
        let error = InferenceError(
            error.code,
            "in ensemble '\(front.description.id.name)', \(title): \(words)",
            field: error.field,
            expected: error.expected,
            got: error.got,
            hint: error.hint,
            cause: error.cause
        )
        end(with: error, .cancel) { $0.stepFailed(step) }
    }

    private func end(
        with error: InferenceError,
        _ callBack: CallBack,
        _ event: (inout EnsembleStateMachine) -> EnsembleStateMachine.OnEnd
    ) {
        let running: [CancellationHandle]? = state.withLock { state in
            guard case .ends(let running) = event(&state.machine) else { return nil }
            state.callBack = callBack
            let handles = running.compactMap { state.handles[$0] }
            state.handles = Array(repeating: nil, count: state.handles.count)
            state.tensors = []
            state.answers = []
            return handles
        }
        guard let running else { return }
        front.recordFailure(error, received: traits.timings.received)
        holdings.leaseEnded()
        EnsembleFront.deliver(Scheduler.prefixed(error, id: traits.id), to: sink)
        EnsembleRun.callBack(running, callBack)
    }

    private static func callBack(_ handles: [CancellationHandle], _ callBack: CallBack) {
        for handle in handles {
            switch callBack {
            case .cancel: handle.cancel()
            case .expire: handle.expire()
            }
        }
    }

    private func answer(with outputs: [NamedTensor]) {
        var timings = traits.timings
        // No queue and no inputs of its own: all its time is its members'.
        timings.gatheringStarted = timings.queued
        timings.batchSize = UInt32(clamping: batchSize)
        timings.computeStarted = timings.queued
        timings.inputReady = timings.queued
        timings.inferEnded = front.time.now
        timings.computeEnded = timings.inferEnded
        front.recordSuccess(timings, batchSize: batchSize, id: traits.id)
        let answer = InferenceAnswer(
            id: traits.id,
            outputs: outputs,
            timings: timings,
            // Takes over the request's own count.
            lease: Lease(model: front, holder: holdings),
            charge: nil
        )
        if sink.lane.isCurrent {
            sink.receive(answer)
            sink.finish(.success)
        } else {
            sink.lane.deliver([Completion(answer: answer, to: sink)])
        }
    }
}
