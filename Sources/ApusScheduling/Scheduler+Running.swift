internal import ApusCore
internal import ApusEngine
internal import Synchronization

extension Scheduler {
    /// Runs a request on the event loop that brought it.
    func runInline(
        _ request: consuming InferenceRequest,
        call: ValidatedCall,
        shape: UInt64,
        permit: Permit,
        clock: RunClock?,
        sink: any AnswerSink
    ) {
        permit.instance.clearTermination()
        let outcome = compute(&request, call: call, on: permit.instance)
        let timings = request.timings
        let wall = timings.computeEnded.nanoseconds(since: timings.computeStarted)
        let cost = clock?.cost(wall: wall)
        let change = state.withLock { state in
            record(outcome, timings: timings, call: call, isInline: true, in: &state.statistics)
            return state.machine.inlineRunEnded(
                instance: permit.index,
                shape: shape,
                wall: wall,
                cost: cost,
                now: timings.computeEnded
            )
        }
        carryOut(change)
        switch outcome {
        case .success(let outputs):
            sink.receive(request.answer(with: outputs))
            sink.finish(.success)
        case .failure(let error):
            sink.finish(.failure(Scheduler.prefixed(error, id: request.id)))
        }
    }

    /// Runs a request on an engine thread.
    func runOnPool(_ request: consuming InferenceRequest, queued: QueuedRequest, permit: Permit) {
        let now = time.now
        let isExpired = request.deadline.hasPassed(at: now)
        if isExpired { request.timings.computeEnded = now }
        let clock = RunClock()
        var outcome =
            isExpired ? .failure(Scheduler.expired) : compute(&request, call: queued.call, on: permit.instance)
        if let withdrawal = queued.runEnded(), case .failure = outcome { outcome = .failure(withdrawal) }
        let timings = request.timings
        let cost = clock.cost(wall: timings.computeEnded.nanoseconds(since: timings.computeStarted))
        let change = state.withLock { state in
            record(outcome, timings: timings, call: queued.call, isInline: false, in: &state.statistics)
            return state.machine.poolRunEnded(
                instance: permit.index,
                shape: queued.shape,
                cost: isExpired ? nil : cost
            )
        }
        carryOut(change)
        let id = request.id
        switch outcome {
        case .success(let outputs):
            queued.sink.lane.deliver([Completion(answer: request.answer(with: outputs), to: queued.sink)])
        case .failure(let error):
            _ = consume request
            let prefixed = Scheduler.prefixed(error, id: id)
            queued.sink.lane.deliver([Completion(failure: prefixed, to: queued.sink)])
        }
    }

    /// Takes a request out of the queue and ends it; `false` when it isn't there any more.
    func withdraw(_ queued: QueuedRequest, with error: InferenceError) -> Bool {
        guard state.withLock({ $0.machine.withdrawn(queued) }), let request = queued.takeRequest() else { return false }
        fail(request, with: error, sink: queued.sink)
        return true
    }

    /// Ends a request that was called back when it had an instance already, without a run.
    func drop(
        _ request: consuming InferenceRequest,
        queued: QueuedRequest,
        permit: Permit,
        with error: InferenceError
    ) {
        let elapsed = time.now.nanoseconds(since: request.timings.received)
        let prefixed = Scheduler.prefixed(error, id: request.id)
        let change = state.withLock { state in
            state.statistics.recordFailure(error.code.failureReason, nanoseconds: elapsed)
            return state.machine.poolRunEnded(instance: permit.index, shape: queued.shape, cost: nil)
        }
        carryOut(change)
        _ = consume request
        queued.sink.lane.deliver([Completion(failure: prefixed, to: queued.sink)])
    }

    /// Ends a request that can't be run.
    func fail(_ request: consuming InferenceRequest, with error: InferenceError, sink: any AnswerSink) {
        let elapsed = time.now.nanoseconds(since: request.timings.received)
        state.withLock { state in
            state.statistics.lastInference = WallClock.millisecondsSince1970
            state.statistics.recordFailure(error.code.failureReason, nanoseconds: elapsed)
        }
        let prefixed = Scheduler.prefixed(error, id: request.id)
        _ = consume request
        if sink.lane.isCurrent {
            sink.finish(.failure(prefixed))
        } else {
            sink.lane.deliver([Completion(failure: prefixed, to: sink)])
        }
    }

    private func compute(
        _ request: inout InferenceRequest,
        call: ValidatedCall,
        on instance: any ModelInstance
    ) -> Result<[NamedTensor], InferenceError> {
        request.timings.computeStarted = time.now
        defer { request.timings.computeEnded = time.now }
        do throws(EngineError) {
            let tensors = try instance.run(
                inputs: try layout.sessionInputs(call.inputs),
                outputs: layout.sessionOutputs(call.outputs),
                timings: &request.timings
            )
            var outputs: [NamedTensor] = []
            outputs.reserveCapacity(tensors.count)
            for place in tensors.indices {
                let index = call.outputs[place]
                let shaped = try layout.output(tensors[place], index: index)
                outputs.append(NamedTensor(name: description.outputs[index].name, tensor: shaped))
            }
            return .success(outputs)
        } catch {
            return .failure(InferenceError(error))
        }
    }

    private func record(
        _ outcome: Result<[NamedTensor], InferenceError>,
        timings: RequestTimings,
        call: ValidatedCall,
        isInline: Bool,
        in statistics: inout ModelStatistics
    ) {
        statistics.lastInference = WallClock.millisecondsSince1970
        switch outcome {
        case .success:
            statistics.recordSuccess(timings, batchSize: call.batchSize, isInline: isInline)
        case .failure(let error):
            let elapsed = timings.computeEnded.nanoseconds(since: timings.received)
            statistics.recordFailure(error.failureReason, nanoseconds: elapsed)
        }
    }

    /// Puts the request's id in front of the message, as Triton does and its users match on.
    static func prefixed(_ error: InferenceError, id: String) -> InferenceError {
        InferenceError(
            error.code,
            "[request id: \(id.isEmpty ? "<id_unknown>" : id)] \(error.message)",
            field: error.field,
            expected: error.expected,
            got: error.got,
            hint: error.hint,
            cause: error.cause
        )
    }
}
