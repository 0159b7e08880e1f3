internal import ApusCore
internal import ApusEngine
internal import Synchronization

extension Scheduler {
    /// Takes an instance up, on an engine thread.
    ///
    /// Chooses who runs now, runs them, answers.
    func runInstance(_ index: Int) {
        guard !description.isDecoupled else { return startDecoupledRun(index) }
        // Ended before the answers leave, so that this thread is none that still holds their requests.
        guard case (let change, var answers)? = runTurn(of: index) else { return }
        // Before others may be answered by the instance that comes in its place.
        if let loss = answers.loss { noteLoss(of: index, because: loss) }
        // Lanes that carry out here would keep a job waiting that nobody else was woken for.
        let isAboutToEnd = answers.loss == nil && !answers.areCarriedOutAtOnce
        carryOut(change, endingJobOf: isAboutToEnd ? threads(of: index) : nil)
        countAndDeliver(&answers)
    }

    /// Runs those whose turn it is on an instance, and gives it back.
    private func runTurn(of index: Int) -> (change: BatchingStateMachine<QueuedRequest>.OnChange, answers: Answers)? {
        let now = time.now
        let (start, instance, isSafe) = state.withLock { state in
            let start = state.machine.instanceStarted(index, now: now)
            return (start, state.instances.isEmpty ? nil : state.instances[index], state.safety == .isSafe)
        }
        carryOut(start.change)
        for queued in start.expired { queued.expire() }
        guard let first = start.parts.first, let instance else { return nil }
        var permit = Permit(index: index, instance: instance, gatheringSince: start.gatheringSince)
        permit.mayShare = isSafe
        let clock = RunClock()
        var answers = Answers(capacity: start.parts.count)
        let run = run(start.parts, on: permit, answers: &answers)
        let cost = run.map { clock.cost(wall: $0.wall) }
        if let run { findOut(with: first.request, after: run, on: permit, answers: &answers) }
        let change = noteRun(of: start.parts, run, cost: cost, on: permit, isLost: answers.loss != nil)
        return (change, answers)
    }

    /// Tells everybody who learns from runs that one has ended, and gives its instance back.
    private func noteRun(
        of parts: [BatchPart<QueuedRequest>],
        _ run: RunCost?,
        cost: UInt64?,
        on permit: Permit,
        isLost: Bool
    ) -> BatchingStateMachine<QueuedRequest>.OnChange {
        let keys = parts[0].request.keys
        let isWhole = parts.count == 1 && run?.rows == keys.rows
        let now = time.now
        let (change, isNew) = state.withLock { state in
            let isNew = run != nil && !state.shapes.renew(keys.shape)
            if let run { state.threads.ran(nanoseconds: run.wall) }
            if let cost, isWhole { state.inline.ranOnPool(shape: keys.shape, cost: cost) }
            let jointRow = state.machine.curve(of: keys.bucket)?.bestJointRow
            if run != nil {
                state.load.ranBatch(parts: permit.mayShare ? parts.count : nil, jointRow: jointRow, now: now)
            }
            let change = state.machine.runEnded(
                instance: permit.index,
                bucket: keys.bucket,
                rows: run?.rows ?? 0,
                nanoseconds: cost,
                isLost: isLost,
                now: now
            )
            return (change, isNew)
        }
        if isNew {
            let shape = CallShape(parts[0].request.call, of: description)
            state.withLock { $0.shapes.note(keys.shape, shape) }
        }
        return change
    }

    /// What a run took.
    struct RunCost {
        /// Nanoseconds by the clock, copying included.
        let wall: UInt64
        /// Rows that the engine had, those among them that it was filled up with.
        let rows: Int
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
        let members = parts.filter { $0.request.begin(batch, rows: $0.rows) }
        guard batch.gathered(), let first = members.first else {
            for member in members where !member.request.leave(batch) { member.request.letGo() }
            return nil
        }
        var timings = RequestTimings(received: first.request.received)
        let began = time.now
        let rows = filledRows(members, on: permit)
        guard let inputs = join(members, rows: rows) else {
            // A collision of keys, or no memory for the whole: each on its own, if there is more than one.
            return divide(members, batch, because: Scheduler.noMemory, on: permit, answers: &answers)
        }
        let outputs = first.request.call.outputs
        let size = members.reduce(0) { $0 + $1.items }
        timings.gatheringStarted = permit.gatheringSince ?? began
        timings.computeStarted = began
        timings.batchSize = UInt32(clamping: size)
        let outcome = compute(inputs, outputs: outputs, on: permit.instance, timings: &timings)
        batch.end()
        switch outcome {
        case .success(let tensors):
            state.withLock { $0.statistics.recordExecution(timings, rows: size, isInline: false) }
            let cost = RunCost(wall: timings.computeEnded.nanoseconds(since: timings.computeStarted), rows: rows)
            let isDone = finish(members, batch, with: tensors, rows: rows, timings: timings, answers: &answers)
            return isDone ? cost : runWhole(members, batch, timings: timings, on: permit, answers: &answers)
        case .failure(let error):
            return divide(members, batch, because: error, timings: timings, on: permit, answers: &answers)
        }
    }

    /// The model turns out to be none whose rows can be told apart: requests are run one by one from now on, and these
    /// once more, each of them whole.
    private func runWhole(
        _ members: [BatchPart<QueuedRequest>],
        _ batch: RunningBatch,
        timings: RequestTimings,
        on permit: Permit,
        answers: inout Answers
    ) -> RunCost? {
        state.withLock { state in
            state.safety = .isUnsafe("an output doesn't have a row for each row of the inputs")
            state.machine.setJoining(false)
        }
        var permit = permit
        permit.mayShare = false
        guard members.count == 1 else {
            return divide(members, batch, because: Scheduler.noRows, timings: timings, on: permit, answers: &answers)
        }
        let queued = members[0].request
        guard queued.gathersItself(in: batch) else {
            queued.letGo()
            return nil
        }
        let whole = BatchPart(request: queued, rows: 0..<queued.rows, isLast: true)
        _ = run([whole], on: permit, answers: &answers)
        return nil
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
        countAndDeliver(&answers)
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

    static let noMemory = EngineError(.outOfMemory, "there is no memory to put the request's rows together")
    static let noRows = EngineError(
        .runFailed,
        "the model's output doesn't have a row for each row of its input"
    )
}

extension BatchPart<QueuedRequest> {
    /// Items that the statistics count: all of a request that runs whole, else the rows that are in this run.
    fileprivate var items: Int {
        let batchSize = request.call.batchSize
        return rows.count == request.rows ? batchSize : min(batchSize, rows.count)
    }
}
