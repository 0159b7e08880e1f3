package import ApusCore
internal import ApusEngine
internal import Synchronization

extension Scheduler {
    /// How many instances may be lost with a request before it is taken for the cause.
    static let maxDeaths = 2

    /// All instances are lost, and none can be made.
    static let gone = InferenceError(
        .unavailable,
        "all instances of the model are lost, and no new one could be made",
        field: "model",
        hint: "the server keeps trying; the log says what the engine reports"
    )

    /// Refuses while all instances are lost and none can be made.
    package func checkReadiness() throws(InferenceError) {
        guard state.withLock({ !$0.machine.isHopeless }) else { throw Scheduler.gone }
    }

    /// An instance was lost while it ran these parts.
    ///
    /// Nobody knows yet which of them was the cause. So each runs once more alone: only the guilty one sees a second
    /// death.
    func lose(
        _ members: [BatchPart<QueuedRequest>],
        _ batch: RunningBatch,
        because error: EngineError,
        answers: inout Answers
    ) {
        answers.loss = error
        for member in members {
            guard let deaths = member.request.sawDeath(in: batch) else {
                member.request.letGo()
                continue
            }
            if deaths < Scheduler.maxDeaths {
                tryAgain(member, answers: &answers)
            } else {
                confine(member.request, because: error, answers: &answers)
            }
        }
    }

    /// Has a part run once more, before all others, alone.
    func tryAgain(_ part: BatchPart<QueuedRequest>, answers: inout Answers) {
        let queued = part.request
        let now = time.now
        let outcome = state.withLock { takeBack(queued, rows: part.rows, state: &$0, now: now) }
        carryOut(outcome.change)
        if outcome.isBack { return }
        if outcome.isHopeless, queued.giveUp() {
            fail(queued, with: Scheduler.gone, timings: nil, answers: &answers)
        } else {
            queued.letGo()
        }
    }

    /// An instance was lost on an event loop: the request runs once more on an engine thread.
    func loseInline(
        _ request: consuming InferenceRequest,
        call: ValidatedCall,
        keys: CallKeys,
        run: InlineRun,
        because error: EngineError,
        sink: any AnswerSink
    ) -> CancellationHandle {
        let deadline = request.deadline
        let level = rules.level(priority: request.priority)
        let queued = QueuedRequest(
            request: request,
            call: call,
            keys: keys,
            sink: sink,
            level: level,
            scheduler: self
        )
        queued.sawDeathInline(number: run.number)
        let now = time.now
        let (outcome, ended) = state.withLock { state in
            let outcome = takeBack(queued, rows: 0..<keys.rows, state: &state, now: now)
            let ended = state.machine.runEnded(
                instance: run.permit.index,
                bucket: keys.bucket,
                rows: 0,
                nanoseconds: nil,
                isLost: true,
                now: now
            )
            return (outcome, ended)
        }
        carryOut(outcome.change)
        carryOut(ended)
        noteLoss(of: run.permit.index, because: error)
        guard outcome.isBack else {
            queued.end(with: Scheduler.gone)
            return .finished
        }
        return CancellationHandle(queued, deadline: deadline)
    }

    /// What became of a request that was to run once more.
    private struct TakenBack {
        /// Whether it waits again.
        var isBack = false
        /// Whether no instance is left that it could wait for.
        var isHopeless = false
        /// To be carried out in any case: an instance that was called for it is called all the same.
        var change = BatchingStateMachine<QueuedRequest>.OnChange.nothing
    }

    /// Puts some rows of a request in front of the queue, if somebody would take them there, and wants them.
    private func takeBack(
        _ queued: QueuedRequest,
        rows: Range<Int>,
        state: inout State,
        now: MonotonicTime
    ) -> TakenBack {
        var entry = QueueEntry(
            request: queued,
            level: queued.level,
            rows: rows.upperBound,
            bucket: queued.keys.bucket,
            isAlone: queued.keys.isAlone,
            enqueued: now,
            deadline: queued.deadline
        )
        entry.takenRows = rows.lowerBound
        entry.isRetry = true
        guard let (ticket, change) = state.machine.takeBack(entry, now: now) else { return TakenBack(isHopeless: true) }
        guard queued.rejoined(ticket) else {
            _ = state.machine.withdraw(ticket, now: now)
            return TakenBack(change: change)
        }
        state.statistics.failover.retried &+= 1
        return TakenBack(isBack: true, change: change)
    }
}

extension Scheduler {
    /// Counts a loss, which the state machine knows of already, and tells it.
    func noteLoss(of instance: Int, because error: EngineError) {
        state.withLock { $0.statistics.failover.lost &+= 1 }
        onEvent(.instanceLost(instance: instance, error))
    }

    /// Makes a lost instance anew, on the calling thread.
    func repairInstance(_ index: Int) {
        let found = state.withLock { $0.sessions.indices.contains(index) ? $0.sessions[index] : nil }
        guard let session = found else { return }
        do throws(EngineError) {
            let instance = try session.makeInstance()
            let now = time.now
            let change = state.withLock { state -> BatchingStateMachine<QueuedRequest>.OnChange? in
                // Unloaded meanwhile.
                guard index < state.instances.count else { return .nothing }
                guard state.sessions[index] === session else { return nil }
                state.instances[index] = instance
                return state.machine.instanceMade(index, now: now)
            }
            // The others have moved to another session meanwhile.
            guard let change else { return repairInstance(index) }
            carryOut(change)
            onEvent(.instanceMade(instance: index))
        } catch {
            let now = time.now
            let (left, change) = state.withLock { $0.machine.instanceNotMade(index, now: now) }
            carryOut(change)
            for queued in left { queued.end(with: Scheduler.gone) }
            onEvent(.instanceNotMade(instance: index, error))
        }
    }

    /// Ends a request that two instances were lost with, and refuses others of its content for a while.
    private func confine(_ queued: QueuedRequest, because error: EngineError, answers: inout Answers) {
        // One that is too large to be recognised is only not tried again.
        let hash = ContentHash.of(queued.call)
        if let hash {
            let now = time.now
            state.withLock { state in
                state.quarantine.confine(hash, now: now)
                state.statistics.failover.confined &+= 1
                confined.store(state.quarantine.count, ordering: .relaxed)
            }
            onEvent(.requestConfined(id: queued.id, hash: hash))
        }
        guard queued.giveUp() else { return queued.letGo() }
        let failure = InferenceError(
            .engineFailure,
            "\(Scheduler.maxDeaths) instances of the model were lost while they ran this request: \(error.message)",
            hint: "it is not tried again"
                + (hash == nil ? "" : ", and requests with the same inputs are refused for \(Scheduler.term)"),
            cause: error
        )
        fail(queued, with: failure, timings: nil, answers: &answers)
    }

    /// Whether instances were lost with a request of this content a short while ago.
    func isConfined(_ call: ValidatedCall, now: MonotonicTime) -> Bool {
        guard let hash = ContentHash.of(call) else { return false }
        return state.withLock { state in
            let isConfined = state.quarantine.holds(hash, now: now)
            confined.store(state.quarantine.count, ordering: .relaxed)
            if isConfined { state.statistics.failover.refused &+= 1 }
            return isConfined
        }
    }

    /// What a request in quarantine is told.
    var refusal: InferenceError {
        InferenceError(
            .engineFailure,
            "instances of the model were lost while they ran a request with the same inputs, so it is refused",
            hint: "it may be sent again \(Scheduler.term) after that; look for what makes these inputs deadly"
        )
    }

    private static let term = "\(Quarantine.term / 60_000_000_000) minutes"
}
