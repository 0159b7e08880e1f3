package import ApusCore
package import ApusEngine
internal import Synchronization

/// Runs the requests of one model version on its instances.
///
/// A request is compared with the model, then runs at once on the event loop that brought it, when the model is known
/// to be cheaper than a thread hop, else waits for an engine thread, which takes what is waiting in one run where that
/// is proved safe. See docs/decisions/0005-scheduler.md.
package final class Scheduler: RequestFront {
    /// What the scheduler's lock guards.
    struct State {
        var machine: BatchingStateMachine<QueuedRequest>
        var inline: InlinePolicy
        var load = LoadGauge()
        var shapes = RecentShapes()
        var safety: BatchSafety.Verdict
        /// Whether an engine thread is finding out about batches.
        var isProving = false
        /// Runs until the next try, after requests whose rows could not be told apart.
        var runsUntilProof = 0
        var nextProofPause = 16
        var statistics = ModelStatistics()
        /// Empty once the version has been unloaded.
        var instances: [any ModelInstance]
        /// For each instance the session that makes it anew when it is lost; empty once the version has been unloaded.
        var sessions: [any EngineSession]
        /// Which threads runs use.
        var threads: ThreadChoice
        /// What instances died of.
        var quarantine = Quarantine()
        var shedding: Shedding?
        /// Which answers wait for others; `nil` where no order is kept.
        var order: AnswerOrder<UncountedAnswer>?
    }

    /// What a version holds of its engine.
    struct EngineState {
        let instances: [any ModelInstance]
        let sessions: [any EngineSession]
    }

    /// The right to run one call on an instance.
    struct Permit: Sendable {
        /// The instance's number in the state machine.
        let index: Int
        /// The instance.
        let instance: any ModelInstance
        /// Since when the instance was free and requests were left to wait for company; `nil` when they weren't.
        var gatheringSince: MonotonicTime?
        /// Whether rows are known to leave each other alone, so that more of them change nothing.
        var mayShare = false
    }

    package let description: ModelDescription
    package let allocator: any TensorAllocator
    let state: Mutex<State>
    let time: any TimeSource
    /// When the version was loaded.
    private let loaded: MonotonicTime
    let layout: SessionLayout
    let rules: QueueRules
    /// How the model stands to others.
    let priority: ModelPriority
    /// Says for the statistics what is configured.
    private let rulesNote: RulesNote
    /// Whether answers leave in the order of their requests.
    let keepsOrder: Bool
    /// Rows that runs are filled up to.
    let allowedSizes: AllowedSizes
    /// Inputs that are filled up.
    let padding: PaddingRules
    /// How many contents are refused, so that hardly anybody has to look.
    let confined = Atomic(0)
    /// Whether requests may have to be refused before they are decoded.
    let isShedding = Atomic(false)
    /// The earliest moment that an alarm has been set for, in nanoseconds; the largest number when none is.
    let alarm = Atomic(Int64.max)
    /// Opens the model once more, to use other threads; `nil` where there is no choice.
    let reopen: (@Sendable (ThreadUse) throws(EngineError) -> any EngineSession)?
    let onEvent: @Sendable (SchedulerEvent) -> Void
    let pool: EngineThreadPool
    /// The threads of each instance: `pool`, or those that wait for devices.
    let pools: [EngineThreadPool]
    /// How many instances run where.
    let placements: [ModelStatistics.DeviceShare]
    let validation: RequestValidation
    /// Whether the values of inputs, and not only their sizes, may decide how long a run takes.
    let hasDataDependentCost: Bool
    /// One for each instance; made at the first use, since it points back.
    let jobs = Mutex<[InstanceJob]>([])

    /// Makes the instances of the sessions that a model has on its devices.
    ///
    /// - Throws: What the engine reports.
    package init(
        description: ModelDescription,
        placements: [Placement],
        pool: EngineThreadPool,
        time: any TimeSource,
        configuration: Configuration
    ) throws(EngineError) {
        self.description = description
        self.placements = placements.map(\.share)
        self.allocator = placements.first?.session.allocator ?? HeapTensorAllocator()
        self.pool = pool
        self.pools = try Scheduler.makePools(placements, shared: pool)
        self.time = time
        self.loaded = time.now
        self.validation = RequestValidation(model: description)
        self.layout = SessionLayout(configuration)
        self.rules = configuration.queue
        self.keepsOrder = configuration.batching.preservesOrdering
        self.allowedSizes = configuration.batching.allowedSizes
        self.padding = configuration.padding
        self.onEvent = configuration.onEvent
        self.reopen = configuration.reopen
        self.priority = configuration.priority
        self.rulesNote = RulesNote(
            queue: configuration.queue,
            batching: configuration.batching,
            priority: configuration.priority
        )
        var instances: [any ModelInstance] = []
        var sessions: [any EngineSession] = []
        for placement in placements {
            for _ in 0..<placement.count {
                instances.append(try placement.session.makeInstance())
                sessions.append(placement.session)
            }
        }
        self.hasDataDependentCost = placements.contains { $0.session.signature.hasDataDependentCost }
        let ban = InlinePolicy.Ban(
            isAllowed: configuration.allowsInlineRuns,
            isDecoupled: description.isDecoupled,
            hasDataDependentCost: hasDataDependentCost
        )
        var batching = configuration.batching
        if description.maxBatchSize > 0 { batching.maxRows = description.maxBatchSize }
        if let largest = allowedSizes.sizes.last { batching.maxRows = min(largest, batching.maxRows ?? largest) }
        var state = State(
            machine: BatchingStateMachine(
                rules: .init(queue: configuration.queue, batching: batching, instances: instances.count)
            ),
            inline: InlinePolicy(ban: ban),
            safety: batching.isAllowed
                ? BatchSafety.firstVerdict(description, layout: SessionLayout(configuration))
                : .isUnsafe("the configuration says so (parameters: batching)"),
            instances: instances,
            sessions: sessions,
            threads: ThreadChoice(isOpen: configuration.reopen != nil),
            order: configuration.batching.preservesOrdering ? AnswerOrder() : nil
        )
        if let limit = state.order?.startLimit { _ = state.machine.setStartLimit(limit, now: time.now) }
        state.statistics.loadNanoseconds = configuration.loadNanoseconds
        self.state = Mutex(state)
        let count = instances.count
        jobs.withLock { $0 = (0..<count).map { InstanceJob($0, of: self) } }
    }

    package func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        let now = time.now
        let sink: any AnswerSink = description.isDecoupled ? DecoupledSink(sink) : sink
        // One that a front has kept back is in the queue since then.
        if request.timings.queued <= request.timings.received { request.timings.queued = now }
        request.deadline = effectiveDeadline(request)
        var call: ValidatedCall
        do throws(InferenceError) {
            guard !request.deadline.hasPassed(at: now) else { throw Scheduler.expired }
            call = try validation.validate(inputs: request.inputs, outputs: request.requestedOutputs)
        } catch {
            fail(request, with: error, sink: sink)
            return .finished
        }
        if !padding.entries.isEmpty { call = pad(call, charge: &request.charge) }
        if confined.load(ordering: .relaxed) > 0, isConfined(call, now: now) {
            fail(request, with: refusal, sink: sink)
            return .finished
        }
        let keys = CallKeys(call)
        guard sink.lane.isCurrent, let run = takeInlineRun(keys, now: now) else {
            return enqueue(request, call: call, keys: keys, sink: sink, now: now)
        }
        let clock = run.isMeasured ? RunClock() : nil
        return runInline(
            request,
            call: call,
            keys: keys,
            run: run,
            clock: clock,
            sink: sink
        )
    }

    /// The counters, read at one moment.
    package func statistics() -> ModelStatistics {
        let now = time.now
        var goal: LatencyGoal?
        var statistics = state.withLock { state in
            var statistics = state.statistics
            statistics.pending = state.machine.waiting
            statistics.schedulingNote = state.inline.note(now: now)
            statistics.failover.instances = state.instances.count
            statistics.failover.alive = state.machine.alive
            statistics.devices = placements
            statistics.threadsNote = state.threads.note
            statistics.batchingNote = batchingNote(on: state.safety)
            goal = state.machine.goal
            let learnt = state.machine.learnt
            statistics.costCurve = learnt.curve.map { .init(rows: $0.rows, rowNanoseconds: $0.rowNanoseconds) }
            statistics.batchLimit = learnt.limit
            statistics.ageNanoseconds = now.nanoseconds(since: loaded)
            return statistics
        }
        statistics.rulesNote = rulesNote.text(goal: goal)
        return statistics
    }

    /// Lets the engine's session go, on the calling thread.
    ///
    /// Comes when no lease is left. The scheduler itself may live on for a moment in the hands of whoever held the last
    /// lease, an event loop for example, which must not be the one that frees a model.
    package func unload() {
        let engine = state.withLock { state in
            defer {
                state.instances = []
                state.sessions = []
            }
            return EngineState(instances: state.instances, sessions: state.sessions)
        }
        _ = consume engine
    }

    static let full = InferenceError(
        .unavailable,
        "Exceeds maximum queue size",
        field: "model",
        hint: "as many requests of this priority wait as max_queue_size in the model's config.pbtxt allows; send it to "
            + "another server, or later"
    )

    static let expired = InferenceError(
        .unavailable,
        "Request timeout expired",
        field: "timeout",
        hint: "the request's deadline passed before the model could run it"
    )
}

extension Scheduler {
    /// A run on an event loop that may happen now.
    struct InlineRun {
        let permit: Permit
        let isMeasured: Bool
        /// Its place among all requests, where order is kept.
        let number: UInt64?
    }

    private func takeInlineRun(_ keys: CallKeys, now: MonotonicTime) -> InlineRun? {
        state.withLock { state in
            guard state.inline.mayRunInline(shape: keys.shape, now: now),
                // Rows are filled up on engine threads only.
                keys.isAlone || allowedSizes.hold(keys.rows) || !state.mayJoin,
                !state.mayJoin || !state.load.gathers(now: now),
                state.mayAnswerAtOnce,
                let index = state.machine.takeIdleInstance()
            else { return nil }
            return InlineRun(
                permit: Permit(index: index, instance: state.instances[index]),
                isMeasured: state.inline.isSuspicious,
                number: state.order?.joined()
            )
        }
    }

    private func enqueue(
        _ request: consuming InferenceRequest,
        call: ValidatedCall,
        keys: CallKeys,
        sink: any AnswerSink,
        now: MonotonicTime
    ) -> CancellationHandle {
        let deadline = request.deadline.time
        let timeout = rules.policies[rules.level(priority: request.priority)].timeout(asked: request.queueTimeout)
        let level = rules.level(priority: request.priority)
        let caller = request.caller.key
        let queued = QueuedRequest(
            request: request,
            call: call,
            keys: keys,
            sink: sink,
            level: level,
            scheduler: self
        )
        var entry = QueueEntry(
            request: queued,
            level: level,
            rows: keys.rows,
            bucket: keys.bucket,
            isAlone: keys.isAlone,
            enqueued: now,
            deadline: deadline,
            timeout: timeout.map { now.advanced(byNanoseconds: $0) },
            caller: caller
        )
        if deadline != nil { entry.delivery = sink.lane.delay }
        let outcome = state.withLock { state in
            entry.number = state.order?.next ?? 0
            let outcome = state.machine.enqueue(entry, now: now)
            // Under the lock, so that nobody runs it before it knows its place.
            if case .waits(let ticket, _) = outcome { queued.joined(ticket, number: state.order?.joined()) }
            return outcome
        }
        switch outcome {
        case .waits(_, let change):
            carryOut(change)
            return CancellationHandle(queued, deadline: Deadline(time: deadline))
        case .isFull:
            queued.end(with: Scheduler.full)
        case .isTooLate(let nanoseconds):
            let left = deadline?.nanoseconds(since: now) ?? 0
            queued.end(with: shed(entry.traits, needing: nanoseconds, of: left, now: now))
        case .isGone:
            queued.end(with: Scheduler.gone)
        }
        return .finished
    }

    /// The request's deadline; its `timeout` counts as one where no queue policy says what it means.
    func effectiveDeadline(_ request: borrowing InferenceRequest) -> Deadline {
        guard !rules.isWritten, request.queueTimeout > 0 else { return request.deadline }
        let own = request.timings.received.advanced(byNanoseconds: request.queueTimeout)
        return Deadline(time: request.deadline.time.map { min($0, own) } ?? own)
    }
}

extension Scheduler.State {
    /// Whether requests share runs, or might once somebody has found out.
    var mayJoin: Bool {
        if case .isUnsafe = safety { return false }
        return true
    }
}
