internal import ApusCore
internal import ApusEngine
internal import Synchronization

/// Runs of models that may give none, one or many answers to a request.
extension Scheduler {
    /// Takes an instance up, on a thread of its own: an engine thread that waits for a slow client would be missing to
    /// all other models.
    func startDecoupledRun(_ index: Int) {
        let error = EngineThread.start(name: "apus-decoupled") { self.runDecoupledInstance(index) }
        // Without a thread it runs here, which is slower for the others and right.
        if error != 0 { runDecoupledInstance(index) }
    }

    private func runDecoupledInstance(_ index: Int) {
        let now = time.now
        let (start, instance) = state.withLock { state in
            (state.machine.instanceStarted(index, now: now), state.instances.isEmpty ? nil : state.instances[index])
        }
        carryOut(start.change)
        for queued in start.expired { queued.expire() }
        guard let first = start.parts.first, let instance else { return }
        var answers = Answers()
        for part in start.parts { stream(part, on: instance, answers: &answers) }
        let loss = answers.loss
        let ended = time.now
        let change = state.withLock { state in
            state.machine.runEnded(
                instance: index,
                bucket: first.request.keys.bucket,
                rows: 0,
                nanoseconds: nil,
                isLost: loss != nil,
                now: ended
            )
        }
        // Before others may be answered by the instance that comes in its place.
        if let loss { noteLoss(of: index, because: loss) }
        carryOut(change)
        answers.deliver()
    }

    /// Runs one request to its end and hands its answers over as they come.
    private func stream(
        _ part: BatchPart<QueuedRequest>,
        on instance: any ModelInstance,
        answers: inout Answers
    ) {
        let queued = part.request
        // Its instance was lost with another: it was not there.
        guard answers.loss == nil else { return tryAgain(part, answers: &answers) }
        guard let sink = queued.sink as? DecoupledSink else { return }
        let batch = RunningBatch(DecoupledPermit(instance, sink: sink))
        guard queued.begin(batch, rows: 0..<queued.rows) else { return queued.letGo() }
        guard batch.gathered(), let request = queued.takeRequest() else {
            if !queued.leave(batch) { queued.letGo() }
            return
        }
        var timings = request.timings
        timings.computeStarted = time.now
        let outcome = run(queued.call, request, on: instance, sink: sink, timings: &timings)
        timings.computeEnded = time.now
        batch.end()
        if case .failure(let error) = outcome, error.code == .instanceLost {
            answers.loss = error
            if !sink.hasGiven {
                queued.giveBack(request)
                return lose([part], batch, because: error, answers: &answers)
            }
            // The client has some answers: the same ones again would be wrong.
        }
        finish(queued, batch, outcome, timings: timings)
    }

    private func run(
        _ call: ValidatedCall,
        _ request: borrowing InferenceRequest,
        on instance: any ModelInstance,
        sink: DecoupledSink,
        timings: inout RequestTimings
    ) -> Result<Void, EngineError> {
        let station = timings
        do throws(EngineError) {
            guard let decoupled = instance as? any DecoupledModelInstance else {
                let tensors = try compute(call.inputs, outputs: call.outputs, on: instance, timings: &timings).get()
                try give(tensors, call, request, sink: sink, timings: timings)
                return .success(())
            }
            try decoupled.run(
                inputs: try layout.sessionInputs(call.inputs),
                outputs: layout.sessionOutputs(call.outputs),
                timings: &timings
            ) { tensors throws(EngineError) in
                var tensors = tensors
                if layout.translatesShapes {
                    for place in tensors.indices {
                        tensors[place] = try layout.output(tensors[place], index: call.outputs[place])
                    }
                }
                var answered = station
                answered.inferEnded = time.now
                answered.computeEnded = answered.inferEnded
                try give(tensors, call, request, sink: sink, timings: answered)
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// Hands one answer over, as soon as the client can take it; each keeps the version alive by itself.
    private func give(
        _ tensors: [Tensor],
        _ call: ValidatedCall,
        _ request: borrowing InferenceRequest,
        sink: DecoupledSink,
        timings: RequestTimings
    ) throws(EngineError) {
        let answer = InferenceAnswer(
            id: request.id,
            outputs: named(tensors, call.outputs),
            timings: timings,
            lease: request.lease.copy(),
            charge: nil
        )
        guard sink.give(answer) else { throw EngineError(.terminated, "nobody waits for further answers") }
    }

    private func finish(
        _ queued: QueuedRequest,
        _ batch: RunningBatch,
        _ outcome: Result<Void, EngineError>,
        timings: RequestTimings
    ) {
        let completion: Completion
        switch outcome {
        case .success:
            let whole = QueuedRequest.Piece(rows: 0..<queued.rows, outputs: [])
            guard queued.completed(whole, by: batch) != nil else { return queued.letGo() }
            state.withLock { state in
                state.statistics.lastInference = WallClock.millisecondsSince1970
                state.statistics.recordSuccess(timings, batchSize: queued.call.batchSize, id: queued.id)
                state.statistics.recordExecution(timings, rows: queued.call.batchSize, isInline: false)
            }
            completion = Completion(end: .success, to: queued.sink)
        case .failure(let error):
            guard queued.failed(in: batch) else { return queued.letGo() }
            let failure = InferenceError(error)
            let elapsed = timings.computeEnded.nanoseconds(since: timings.received)
            state.withLock { state in
                state.statistics.lastInference = WallClock.millisecondsSince1970
                state.statistics.recordFailure(failure.failureReason, nanoseconds: elapsed)
            }
            completion = Completion(failure: Scheduler.prefixed(failure, id: queued.id), to: queued.sink)
        }
        makeRoom(queued.number)
        queued.sink.lane.deliver([completion])
    }
}

/// An instance whose termination also ends its wait for the client.
private final class DecoupledPermit: ModelInstance {
    private let instance: any ModelInstance
    private let sink: DecoupledSink

    init(_ instance: any ModelInstance, sink: DecoupledSink) {
        self.instance = instance
        self.sink = sink
    }

    func run(inputs: [Tensor?], outputs: [Int], timings: inout RequestTimings) throws(EngineError) -> [Tensor] {
        try instance.run(inputs: inputs, outputs: outputs, timings: &timings)
    }

    func terminate() {
        sink.stop()
        instance.terminate()
    }

    func clearTermination() {
        instance.clearTermination()
    }
}
