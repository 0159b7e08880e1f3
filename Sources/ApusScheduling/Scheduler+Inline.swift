internal import ApusCore
internal import ApusEngine
internal import Synchronization

extension Scheduler {
    /// Runs a request on the event loop that brought it.
    ///
    /// - Returns: What calls it back, in the rare case that it runs once more elsewhere.
    func runInline(
        _ request: consuming InferenceRequest,
        call: ValidatedCall,
        keys: CallKeys,
        run: InlineRun,
        clock: RunClock?,
        sink: any AnswerSink
    ) -> CancellationHandle {
        let permit = run.permit
        permit.instance.clearTermination()
        // It has not waited for anything.
        request.timings.gatheringStarted = request.timings.queued
        request.timings.computeStarted = request.timings.queued
        request.timings.batchSize = UInt32(clamping: call.batchSize)
        var outcome = compute(call.inputs, outputs: call.outputs, on: permit.instance, timings: &request.timings)
        if !call.cuts.isEmpty {
            let tensors = outcome
            outcome = Result { () throws(EngineError) in try cutBack(try tensors.get(), of: call) }
        }
        if case .failure(let error) = outcome, error.code == .instanceLost {
            return loseInline(request, call: call, keys: keys, run: run, because: error, sink: sink)
        }
        let timings = request.timings
        let id = request.id
        let wall = timings.computeEnded.nanoseconds(since: timings.computeStarted)
        let cost = clock?.cost(wall: wall)
        let change = state.withLock { state in
            state.statistics.lastInference = WallClock.coarseMillisecondsSince1970
            state.statistics.recordOutcome(outcome, timings: timings, batchSize: call.batchSize, id: id)
            if case .success = outcome {
                state.statistics.recordExecution(timings, rows: call.batchSize, isInline: true)
            }
            if let cost {
                state.inline.ranInline(shape: keys.shape, cost: cost, now: timings.computeEnded)
            } else {
                state.inline.ranInline(shape: keys.shape, wall: wall)
            }
            if state.load.ranInline(wall: wall, now: timings.computeEnded) {
                let jointRow = state.machine.curve(of: keys.bucket)?.bestJointRow
                state.load.considerGathering(jointRow: jointRow, now: timings.computeEnded)
            }
            return state.machine.runEnded(
                instance: permit.index,
                bucket: keys.bucket,
                rows: 0,
                nanoseconds: nil,
                now: timings.computeEnded
            )
        }
        carryOut(change)
        switch outcome {
        case .success(let tensors):
            sink.receive(request.answer(with: named(tensors, call.outputs)))
            sink.finish(.success)
        case .failure(let error):
            sink.finish(.failure(Scheduler.prefixed(InferenceError(error), id: request.id)))
        }
        makeRoom(run.number)
        return .finished
    }

    /// Calls the engine and notes the stations behind the first.
    func compute(
        _ inputs: [Tensor?],
        outputs: [Int],
        on instance: any ModelInstance,
        timings: inout RequestTimings
    ) -> Result<[Tensor], EngineError> {
        defer { timings.computeEnded = time.now }
        do throws(EngineError) {
            var tensors = try instance.run(
                inputs: try layout.sessionInputs(inputs),
                outputs: layout.sessionOutputs(outputs),
                timings: &timings
            )
            if layout.translatesShapes {
                for place in tensors.indices {
                    tensors[place] = try layout.output(tensors[place], index: outputs[place])
                }
            }
            return .success(tensors)
        } catch {
            return .failure(error)
        }
    }

    /// Gives outputs their names.
    func named(_ tensors: [Tensor], _ outputs: [Int]) -> [NamedTensor] {
        var named: [NamedTensor] = []
        named.reserveCapacity(tensors.count)
        for place in tensors.indices {
            named.append(NamedTensor(name: outputName(outputs[place]), tensor: tensors[place]))
        }
        return named
    }

    /// What the model calls an output.
    func outputName(_ index: Int) -> String { description.outputs[index].name }
}
