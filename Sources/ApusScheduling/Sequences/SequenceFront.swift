package import ApusCore
internal import Synchronization

/// Stands before the scheduler of a model with `sequence_batching`: keeps the requests of a sequence in order and gives
/// each what the one before it left.
///
/// The state travels as tensors, so any instance can run any sequence, and the scheduler joins requests of different
/// sequences as it joins others. See docs/decisions/0008-sequences.md.
package final class SequenceFront: RequestFront {
    typealias Machine = SequenceStateMachine<SequenceRequest, SequenceHold>

    private struct State {
        var machine: Machine
        /// The earliest moment that an alarm has been set for.
        var alarm: MonotonicTime?
    }

    package let description: ModelDescription
    package var allocator: any TensorAllocator { scheduler.allocator }
    private let scheduler: Scheduler
    private let layout: SequenceLayout
    private let rules: SequenceRules
    private let validation: RequestValidation
    private let pool: EngineThreadPool
    private let state: Mutex<State>

    /// Puts sequences before a scheduler.
    ///
    /// - Parameters:
    ///   - description: What clients see: without controls and states.
    ///   - layout: What the server adds to requests and keeps of answers.
    ///   - rules: How many sequences there may be.
    ///   - scheduler: Runs the requests; its model has the controls and states.
    ///   - pool: Wakes it up when sequences have been idle for too long.
    package init(
        description: ModelDescription,
        layout: SequenceLayout,
        rules: SequenceRules,
        scheduler: Scheduler,
        pool: EngineThreadPool
    ) {
        self.description = description
        self.layout = layout
        self.rules = rules
        self.scheduler = scheduler
        self.pool = pool
        self.validation = RequestValidation(model: description)
        self.state = Mutex(State(machine: Machine(rules: rules)))
    }

    package func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        let now = scheduler.time.now
        request.timings.queued = now
        request.deadline = scheduler.effectiveDeadline(request)
        request.queueTimeout = 0
        let position: SequencePosition
        do throws(InferenceError) {
            guard !request.deadline.hasPassed(at: now) else { throw Scheduler.expired }
            position = try check(request)
        } catch {
            fail(request, with: error, sink: sink)
            return .finished
        }
        let deadline = request.deadline
        let hold = position.isStart ? SequenceHold(request.lease.copy()) : nil
        let member = SequenceRequest(request, sink: sink, front: self)
        let arrival = state.withLock { state in
            let arrival = state.machine.requestArrived(member, at: position, hold: hold)
            // Under the lock, so that nobody runs it before it knows its place.
            if case .waits(let ticket) = arrival { member.joined(ticket) }
            return arrival
        }
        switch arrival {
        case .runs(let turn): start(turn, lane: sink.lane)
        case .waits: break
        case .refused(let refusal): member.end(with: error(refusal, id: position.id))
        }
        return member.hasEnded ? .finished : CancellationHandle(member, deadline: deadline)
    }

    package func statistics() -> ModelStatistics {
        var statistics = scheduler.statistics()
        statistics.pending += state.withLock { $0.machine.waiting }
        return statistics
    }

    package func checkReadiness() throws(InferenceError) {
        try scheduler.checkReadiness()
    }

    package func close() {
        carryOut(state.withLock { $0.machine.close() })
    }

    package func unload() {
        scheduler.unload()
    }

    package var traffic: TrafficHistory { scheduler.traffic }

    package func warmUp(_ samples: [WarmUpSample], after traffic: TrafficHistory) throws(InferenceError) {
        try scheduler.warmUp(samples, after: traffic)
    }

    /// Sequences that are known now, those that wait for a slot among them.
    package var sequenceCount: Int { state.withLock { $0.machine.count } }
}

extension SequenceFront {
    /// Compares a request with the model, and says where it stands.
    private func check(_ request: borrowing InferenceRequest) throws(InferenceError) -> SequencePosition {
        let call = try validation.validate(inputs: request.inputs, outputs: request.requestedOutputs)
        guard call.batchSize == 1 else {
            throw InferenceError(
                .invalidArgument,
                "inference request to model '\(description.id.name)' must specify batch-size 1 due to requirements of "
                    + "sequence batcher",
                field: "inputs",
                expected: "1 row",
                got: "\(call.batchSize) rows"
            )
        }
        guard let position = request.sequence else {
            throw InferenceError(
                .invalidArgument,
                "inference request to model '\(description.id.name)' must specify a non-zero or non-empty "
                    + "correlation ID",
                field: "parameters.sequence_id",
                expected: "a number other than 0, or text"
            )
        }
        try layout.check(position.id)
        return position
    }

    /// Gives a request to the scheduler, with what the server has to add.
    private func start(_ turn: Machine.Turn, lane: any CompletionLane) {
        let sink = SequenceAnswerSink(turn, lane: lane, front: self)
        guard var request = turn.request.takeRequest() else { return ended(turn) }
        do throws(InferenceError) {
            request.inputs += try layout.inputs(
                id: turn.key.id,
                isFirst: turn.isFirst,
                isLast: turn.isLast,
                state: turn.state
            )
        } catch {
            return fail(request, with: error, sink: sink)
        }
        if !request.requestedOutputs.isEmpty {
            for state in layout.states where !request.requestedOutputs.contains(state.output) {
                request.requestedOutputs.append(state.output)
            }
        }
        turn.request.runs(scheduler.submit(request, to: sink))
    }

    /// Keeps what a run made of the sequence's state; `false` when there is no room for it.
    func keepState(in outputs: [NamedTensor], of turn: Machine.Turn) -> Bool {
        var kept: SequenceState?
        if !layout.states.isEmpty, !turn.isLast {
            let tensors = layout.states.compactMap { state in
                outputs.first { $0.name == state.output }?.tensor
            }
            guard tensors.count == layout.states.count, let copy = SequenceState(copying: tensors) else { return false }
            kept = copy
        }
        let outcome = state.withLock { $0.machine.answered(turn.key, state: kept) }
        return outcome.isKept
    }

    /// What of a run's outputs the client sees.
    func clientOutputs(_ outputs: [NamedTensor], of request: SequenceRequest) -> [NamedTensor] {
        guard !layout.states.isEmpty else { return outputs }
        let wanted = request.requestedOutputs
        return outputs.filter { output in
            wanted.isEmpty ? description.outputs.contains { $0.name == output.name } : wanted.contains(output.name)
        }
    }

    /// A request has ended: the next one of its sequence may run, or one that has waited for its slot.
    func ended(_ turn: Machine.Turn) {
        let now = scheduler.time.now
        carryOut(state.withLock { $0.machine.requestEnded(turn.key, isLast: turn.isLast, now: now) })
    }

    /// Takes a request that is called back out of its sequence, if it still waits.
    func withdraw(_ ticket: Machine.Ticket) -> Bool {
        guard let change = state.withLock({ $0.machine.requestWithdrawn(ticket) }) else { return false }
        carryOut(change)
        return true
    }

    /// Ends a request without a run.
    func fail(_ request: consuming InferenceRequest, with error: InferenceError, sink: any AnswerSink) {
        scheduler.fail(request, with: error, sink: sink)
    }

    /// Does what the state machine says.
    private func carryOut(_ change: Machine.OnChange) {
        for turn in change.turns { start(turn, lane: QueueingLane(turn.request.sink.lane)) }
        guard let moment = change.wakeAt else { return }
        let isNew = state.withLock { state in
            if let alarm = state.alarm, alarm <= moment { return false }
            state.alarm = moment
            return true
        }
        if isNew { pool.wake(self, at: moment) }
    }
}

extension SequenceFront: WakeTarget {
    func timePassed() {
        let now = scheduler.time.now
        let change = state.withLock { state in
            state.alarm = nil
            return state.machine.timePassed(now: now)
        }
        carryOut(change)
    }
}

extension SequenceFront {
    /// Triton's words where it has some.
    private func error(_ refusal: Machine.Refusal, id: SequencePosition.ID) -> InferenceError {
        switch refusal {
        case .needsStart:
            InferenceError(
                .invalidArgument,
                "inference request for sequence \(id) to model '\(description.id.name)' must specify the START flag on "
                    + "the first request of the sequence",
                field: "parameters.sequence_start",
                hint: "the sequence has not begun, has ended, or was without a request for "
                    + "\(rules.idle / 1000) microseconds"
            )
        case .tooManySequences:
            InferenceError(
                .unavailable,
                "model '\(description.id.name)' has \(rules.maxSequences) sequences, as many as it may",
                field: "parameters.sequence_id",
                hint: "end sequences with sequence_end, or try again later"
            )
        case .tooManyRequests:
            InferenceError(.unavailable, "Exceeds maximum queue size", field: "model")
        }
    }

    /// For a state that there is no room for; the sequence goes on with the state before.
    var noRoomForState: InferenceError {
        InferenceError(
            .resourceExhausted,
            "the sequences of model '\(description.id.name)' hold as much state as they may "
                + "(\(rules.maxStateBytes) bytes), or there is no memory",
            field: "parameters.sequence_id",
            hint: "end sequences with sequence_end, or try again later"
        )
    }
}
