internal import ApusCore
internal import ApusEngine
internal import Synchronization

extension Scheduler {
    /// Takes an instance up, on an engine thread.
    ///
    /// Chooses who runs now, runs them, answers.
    func runInstance(_ index: Int) {
        guard !description.isDecoupled else { return startDecoupledRun(index) }
        let now = time.now
        let (start, instance) = state.withLock { state in
            (state.machine.instanceStarted(index, now: now), state.instances.isEmpty ? nil : state.instances[index])
        }
        carryOut(start.change)
        for queued in start.expired { queued.expire() }
        guard let first = start.parts.first, let instance else { return }
        let permit = Permit(index: index, instance: instance, gatheringSince: start.gatheringSince)
        let clock = RunClock()
        var answers = Answers()
        let run = run(start.parts, on: permit, answers: &answers)
        let ended = time.now
        let cost = run.map { clock.cost(wall: $0.wall) }
        findOut(with: first.request, on: permit, answers: &answers)
        let loss = answers.loss
        let rows = start.parts.reduce(0) { $0 + $1.rows.count }
        let keys = first.request.keys
        let isWhole = start.parts.count == 1 && rows == keys.rows
        let change = state.withLock { state in
            if let run { state.threads.ran(nanoseconds: run.wall) }
            if let cost, isWhole { state.inline.ranOnPool(shape: keys.shape, cost: cost) }
            let jointRow = state.machine.curve(of: keys.bucket)?.bestJointRow
            state.load.ranBatch(requests: start.parts.count, jointRow: jointRow, now: ended)
            return state.machine.runEnded(
                instance: index,
                bucket: keys.bucket,
                rows: rows,
                nanoseconds: cost,
                isLost: loss != nil,
                now: ended
            )
        }
        carryOut(change)
        answers.deliver()
        if let loss { noteLoss(of: index, because: loss) }
    }

    /// What a run took.
    struct RunCost {
        /// Nanoseconds by the clock, copying included.
        let wall: UInt64
    }

    /// Runs parts together, or in halves where that fails.
    ///
    /// - Returns: What it cost; `nil` when that tells nothing of costs, because it failed or nothing ran.
    private func run(_ parts: [BatchPart<QueuedRequest>], on permit: Permit, answers: inout Answers) -> RunCost? {
        guard answers.loss == nil else {
            // Its instance was lost with others: it was not there.
            for part in parts { tryAgain(part, answers: &answers) }
            return nil
        }
        let batch = RunningBatch(permit.instance)
        let members = parts.filter { $0.request.begin(batch) }
        guard batch.gathered(), let first = members.first else {
            for member in members where !member.request.leave(batch) { member.request.letGo() }
            return nil
        }
        var timings = RequestTimings(received: first.request.received)
        let began = time.now
        guard let inputs = join(members) else {
            // A collision of keys, or no memory for the whole: each on its own, if there is more than one.
            return divide(members, batch, because: Scheduler.noMemory, on: permit, answers: &answers)
        }
        let outputs = first.request.call.outputs
        let size = members.reduce(0) { $0 + $1.request.call.batchSize }
        timings.gatheringStarted = permit.gatheringSince ?? began
        timings.computeStarted = began
        timings.batchSize = UInt32(clamping: size)
        let outcome = compute(inputs, outputs: outputs, on: permit.instance, timings: &timings)
        batch.end()
        switch outcome {
        case .success(let tensors):
            state.withLock { $0.statistics.recordExecution(timings, rows: size, isInline: false) }
            return finish(members, batch, with: tensors, timings: timings, on: permit, answers: &answers)
        case .failure(let error):
            return divide(members, batch, because: error, timings: timings, on: permit, answers: &answers)
        }
    }

    /// Gives each part its rows of a run's outputs.
    private func finish(
        _ members: [BatchPart<QueuedRequest>],
        _ batch: RunningBatch,
        with tensors: [Tensor],
        timings: RequestTimings,
        on permit: Permit,
        answers: inout Answers
    ) -> RunCost? {
        guard let pieces = takeApart(tensors, for: members) else {
            state.withLock { state in
                state.safety = .isUnsafe("an output doesn't have a row for each row of the inputs")
                state.machine.setJoining(false)
            }
            return divide(members, batch, because: Scheduler.noRows, timings: timings, on: permit, answers: &answers)
        }
        for (member, outputs) in zip(members, pieces) {
            let piece = QueuedRequest.Piece(rows: member.rows, outputs: outputs)
            if let all = member.request.completed(piece, by: batch) {
                answer(member.request, all, timings: timings, answers: &answers)
            } else {
                member.request.letGo()
            }
        }
        return RunCost(wall: timings.computeEnded.nanoseconds(since: timings.computeStarted))
    }

    /// The outputs of each part; `nil` when an output doesn't have exactly one row for each row of the inputs.
    private func takeApart(_ tensors: [Tensor], for members: [BatchPart<QueuedRequest>]) -> [[Tensor]]? {
        if members.count == 1, members[0].rows.count == members[0].request.rows { return [tensors] }
        let counts = members.map(\.rows.count)
        var pieces = [[Tensor]](repeating: [], count: members.count)
        for tensor in tensors {
            guard let parts = BatchTensors.cut(tensor, counts: counts) else { return nil }
            for (index, part) in parts.enumerated() { pieces[index].append(part) }
        }
        return pieces
    }

    /// Runs the halves of parts that can't run together, so that one bad request fails alone; fails a single one.
    private func divide(
        _ members: [BatchPart<QueuedRequest>],
        _ batch: RunningBatch,
        because error: EngineError,
        timings: RequestTimings? = nil,
        on permit: Permit,
        answers: inout Answers
    ) -> RunCost? {
        batch.end()
        if error.code == .instanceLost {
            lose(members, batch, because: error, answers: &answers)
            return nil
        }
        guard members.count > 1, error.code != .terminated else {
            for member in members {
                if member.request.failed(in: batch) {
                    fail(member.request, with: error, timings: timings, answers: &answers)
                } else {
                    member.request.letGo()
                }
            }
            return nil
        }
        let left = members.filter { member in
            let isWanted = member.request.leave(batch)
            if !isWanted { member.request.letGo() }
            return isWanted
        }
        let half = (left.count + 1) / 2
        let failures = answers.failures
        _ = run(Array(left.prefix(half)), on: permit, answers: &answers)
        // Those who were answered needn't wait for the others.
        answers.deliver()
        _ = run(Array(left.dropFirst(half)), on: permit, answers: &answers)
        if failures == answers.failures, answers.loss == nil { sizeFailed(members) }
        return nil
    }

    /// Rows that failed together and not in halves: no request is to blame, their number is.
    private func sizeFailed(_ members: [BatchPart<QueuedRequest>]) {
        let rows = members.reduce(0) { $0 + $1.rows.count }
        let bucket = members[0].request.keys.bucket
        state.withLock { $0.machine.sizeFailed(bucket, rows: rows) }
    }

    /// The inputs of a run: those of the only request as they are, else rows put together.
    private func join(_ members: [BatchPart<QueuedRequest>]) -> [Tensor?]? {
        let first = members[0].request
        if members.count == 1, members[0].rows.count == first.rows { return first.call.inputs }
        guard members.allSatisfy({ $0.request.call.outputs == first.call.outputs && !$0.request.keys.isAlone }) else {
            return nil
        }
        var joined: [Tensor?] = []
        for input in first.call.inputs.indices {
            let parts = members.compactMap { member in
                member.request.call.inputs[input].map { (tensor: $0, rows: member.rows) }
            }
            guard !parts.isEmpty else {
                joined.append(nil)
                continue
            }
            guard parts.count == members.count, let tensor = BatchTensors.join(parts, allocator: allocator) else {
                return nil
            }
            joined.append(tensor)
        }
        return joined
    }

    private func answer(
        _ queued: QueuedRequest,
        _ pieces: [QueuedRequest.Piece],
        timings: RequestTimings,
        answers: inout Answers
    ) {
        guard var request = queued.takeRequest() else {
            return assertionFailure("a request that is being answered belongs to the run that answers it")
        }
        request.timings.ran(timings)
        let outputs = pieces.count == 1 ? pieces[0].outputs : merge(pieces)
        let timings = request.timings
        guard let outputs else {
            // Called back meanwhile, it has been told.
            if let number = queued.number, !withdraw(number) { return }
            let error = InferenceError(Scheduler.noMemory)
            state.withLock { $0.statistics.recordFailure(error.failureReason, nanoseconds: 0) }
            answers.append(Completion(failure: Scheduler.prefixed(error, id: queued.id), to: queued.sink))
            makeRoom(queued.number)
            return
        }
        let completion = Completion(
            answer: request.answer(with: named(outputs, queued.call.outputs)),
            to: queued.sink
        )
        let held = HeldAnswer(completion: completion, timings: timings, batchSize: queued.call.batchSize, id: queued.id)
        if let number = queued.number { return hold(held, number) }
        state.withLock { $0.record(held) }
        answers.append(completion)
    }

    /// Ends a request that failed; the caller has ended it for everybody else.
    func fail(
        _ queued: QueuedRequest,
        with error: EngineError,
        timings: RequestTimings?,
        answers: inout Answers
    ) {
        fail(queued, with: InferenceError(error), timings: timings, answers: &answers)
    }

    /// Ends a request that failed; the caller has ended it for everybody else.
    func fail(
        _ queued: QueuedRequest,
        with failure: InferenceError,
        timings: RequestTimings?,
        answers: inout Answers
    ) {
        answers.failures += 1
        queued.letGo()
        let elapsed = (timings?.computeEnded ?? time.now).nanoseconds(since: queued.received)
        state.withLock { state in
            state.statistics.lastInference = WallClock.millisecondsSince1970
            state.statistics.recordFailure(failure.failureReason, nanoseconds: elapsed)
        }
        answers.append(Completion(failure: Scheduler.prefixed(failure, id: queued.id), to: queued.sink))
        makeRoom(queued.number)
    }

    /// The outputs of a request that was split, put together.
    private func merge(_ pieces: [QueuedRequest.Piece]) -> [Tensor]? {
        var merged: [Tensor] = []
        for output in pieces[0].outputs.indices {
            let parts = pieces.map { (tensor: $0.outputs[output], rows: 0..<$0.rows.count) }
            guard let tensor = BatchTensors.join(parts, allocator: allocator) else { return nil }
            merged.append(tensor)
        }
        return merged
    }

    private static let noMemory = EngineError(.outOfMemory, "there is no memory to put the request's rows together")
    private static let noRows = EngineError(
        .runFailed,
        "the model's output doesn't have a row for each row of its input"
    )
}

extension RequestTimings {
    /// Takes over the stations of the run that answered.
    fileprivate mutating func ran(_ run: RequestTimings) {
        gatheringStarted = max(queued, run.gatheringStarted)
        batchSize = run.batchSize
        computeStarted = run.computeStarted
        inputReady = run.inputReady
        inferEnded = run.inferEnded
        computeEnded = run.computeEnded
    }
}
