internal import ApusCore
internal import ApusEngine
internal import Synchronization

/// How requests that an engine thread has run are answered.
extension Scheduler {
    /// Answers counted under one lock, which every event loop takes for each request.
    private static let countedAtOnce = 32

    /// Counts answers and hands them over.
    func countAndDeliver(_ answers: inout Answers) {
        count(answers.takeUncounted())
        // From here on only the answers themselves hold their requests, which go with them.
        answers.deliver()
    }

    private func count(_ answers: [UncountedAnswer]) {
        let clock = WallClock.millisecondsSince1970
        for start in stride(from: 0, to: answers.count, by: Scheduler.countedAtOnce) {
            state.withLock { state in
                for answer in answers[start..<min(start + Scheduler.countedAtOnce, answers.count)] {
                    state.record(answer, at: clock)
                }
            }
        }
    }

    /// Gives each part its rows of a run's outputs.
    ///
    /// - Returns: `false`, and nothing done, when they can't be told apart.
    func finish(
        _ members: [BatchPart<QueuedRequest>],
        _ batch: RunningBatch,
        with tensors: [Tensor],
        rows: Int,
        timings: RequestTimings,
        answers: inout Answers
    ) -> Bool {
        if let shares = shares(of: members, in: tensors, rows: rows) {
            for (member, share) in zip(members, shares) {
                finish(member.request, batch, with: tensors, share: share, timings: timings, answers: &answers)
            }
            return true
        }
        guard let pieces = takeApart(tensors, for: members, rows: rows) else { return false }
        for (member, outputs) in zip(members, pieces) {
            let piece = QueuedRequest.Piece(rows: member.rows, outputs: outputs)
            if let all = member.request.completed(piece, by: batch) {
                answer(member.request, all, timings: timings, answers: &answers)
            } else {
                member.request.letGo()
            }
        }
        return true
    }

    /// Gives a request all of its rows of a run's outputs, to be put together on its lane.
    private func finish(
        _ queued: QueuedRequest,
        _ batch: RunningBatch,
        with tensors: [Tensor],
        share: QueuedRequest.RunOutputs.Share,
        timings run: RequestTimings,
        answers: inout Answers
    ) {
        var timings = queued.timings
        timings.ran(run)
        guard queued.completed(.init(tensors: tensors, share: share, timings: timings), by: batch) else {
            return queued.letGo()
        }
        answers.append(
            counting: UncountedAnswer(
                delivery: queued,
                timings: timings,
                batchSize: queued.call.batchSize,
                id: queued.id
            )
        )
    }

    private func answer(
        _ queued: QueuedRequest,
        _ pieces: ShortList<QueuedRequest.Piece>,
        timings: RequestTimings,
        answers: inout Answers
    ) {
        guard var request = queued.takeRequest() else {
            return assertionFailure("a request that is being answered belongs to the run that answers it")
        }
        request.timings.ran(timings)
        let timings = request.timings
        let outputs: [Tensor]
        do throws(EngineError) {
            guard let merged = merge(pieces) else { throw Scheduler.noMemory }
            outputs = try cutBack(merged, of: queued.call)
        } catch {
            // Called back meanwhile, it has been told.
            if let number = queued.number, !withdraw(number) { return }
            let error = InferenceError(error)
            state.withLock { $0.statistics.recordFailure(error.failureReason, nanoseconds: 0) }
            answers.append(counted: Completion(failure: Scheduler.prefixed(error, id: queued.id), to: queued.sink))
            makeRoom(queued.number)
            return
        }
        let completion = Completion(
            answer: request.answer(with: named(outputs, queued.call.outputs)),
            to: queued.sink
        )
        let uncounted = UncountedAnswer(
            delivery: completion,
            timings: timings,
            batchSize: queued.call.batchSize,
            id: queued.id
        )
        if let number = queued.number { return hold(uncounted, number) }
        answers.append(counting: uncounted)
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
        answers.append(counted: Completion(failure: Scheduler.prefixed(failure, id: queued.id), to: queued.sink))
        makeRoom(queued.number)
    }
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
