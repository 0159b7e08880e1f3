package import ApusCore
internal import Synchronization

/// Takes requests to an ensemble: leases its members, then has their steps run one after the other, or at the same time
/// where none needs the other.
///
/// It computes nothing and has no queue; its members' schedulers see requests like any other. See
/// docs/decisions/0007-ensembles.md.
package final class EnsembleFront: RequestFront {
    /// What an ensemble needs besides its graph.
    package struct Configuration: Sendable {
        /// How the version came to be, for its statistics.
        package var loadNanoseconds: UInt64 = 0
        /// Who pays for tensors between steps; `nil` when nobody counts.
        package var budget: ByteBudget?

        /// Sets what is usual.
        package init() {}
    }

    package let description: ModelDescription
    package let allocator: any TensorAllocator = HeapTensorAllocator()
    let plan: EnsemblePlan
    let models: any InferenceService
    let time: any TimeSource
    let budget: ByteBudget?
    private let validation: RequestValidation
    /// When the version was loaded.
    private let loaded: MonotonicTime
    private let counters: Mutex<ModelStatistics>

    /// Puts an ensemble together.
    ///
    /// - Parameters:
    ///   - description: What clients see of it; inputs and outputs in the plan's order.
    ///   - plan: Its graph.
    ///   - models: Where its members are found.
    ///   - time: The clock of deadlines and statistics.
    ///   - configuration: What else it needs.
    package init(
        description: ModelDescription,
        plan: EnsemblePlan,
        models: any InferenceService,
        time: any TimeSource,
        configuration: Configuration = Configuration()
    ) {
        self.description = description
        self.plan = plan
        self.models = models
        self.time = time
        self.loaded = time.now
        self.budget = configuration.budget
        self.validation = RequestValidation(model: description)
        var statistics = ModelStatistics()
        statistics.loadNanoseconds = configuration.loadNanoseconds
        let steps = plan.steps.count
        statistics.schedulingNote = "an ensemble: its \(steps) steps wait and run as requests to their models"
        statistics.batchingNote = "an ensemble: its models join the requests of its steps"
        self.counters = Mutex(statistics)
    }

    package func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        submit(request, pinned: nil, to: sink)
    }

    /// Accepts a request, as a member of another ensemble with the members that were leased for it.
    func submit(
        _ request: consuming InferenceRequest,
        pinned: [PinnedMember]?,
        to sink: any AnswerSink
    ) -> CancellationHandle {
        let now = time.now
        request.timings.queued = now
        if request.queueTimeout > 0 {
            let own = request.timings.received.advanced(byNanoseconds: request.queueTimeout)
            request.deadline = Deadline(time: request.deadline.time.map { min($0, own) } ?? own)
        }
        let call: ValidatedCall
        let members: [PinnedMember]
        do throws(InferenceError) {
            guard !request.deadline.hasPassed(at: now) else { throw Scheduler.expired }
            call = try validation.validate(inputs: request.inputs, outputs: request.requestedOutputs)
            var room = EnsembleLimits.requests
            if let pinned {
                members = pinned
            } else {
                members = try pinMembers(depth: request.ensembleDepth, room: &room)
            }
        } catch {
            let prefixed = Scheduler.prefixed(error, id: request.id)
            recordFailure(error, received: request.timings.received)
            _ = consume request
            EnsembleFront.deliver(prefixed, to: sink)
            return .finished
        }
        let deadline = request.deadline
        let run = EnsembleRun(request, call: call, members: members, sink: sink, front: self)
        run.drive()
        return run.isOver ? .finished : CancellationHandle(run, deadline: deadline)
    }

    /// The counters, read at one moment.
    package func statistics() -> ModelStatistics {
        var statistics = counters.withLock { $0 }
        statistics.ageNanoseconds = time.now.nanoseconds(since: loaded)
        return statistics
    }

    /// It is as ready as the models that it asks.
    package func checkReadiness() throws(InferenceError) {
        var room = EnsembleLimits.requests
        let pinned = try pinMembers(depth: 0, room: &room)
        try checkReadiness(of: pinned)
    }

    /// It holds nothing: its members are unloaded by themselves.
    package func unload() {}

    /// Counts a request that was answered.
    func recordSuccess(_ timings: RequestTimings, batchSize: Int, id: String) {
        counters.withLock { counters in
            counters.lastInference = WallClock.coarseMillisecondsSince1970
            counters.recordSuccess(timings, batchSize: batchSize, id: id)
            counters.recordExecution(timings, rows: batchSize, isInline: false)
        }
    }

    /// Counts a request that failed; what failed a member is its own to count, so here it is `OTHER`.
    func recordFailure(_ error: InferenceError, received: MonotonicTime) {
        let elapsed = time.now.nanoseconds(since: received)
        counters.withLock { counters in
            counters.lastInference = WallClock.millisecondsSince1970
            counters.recordFailure(error.code == .cancelled ? .canceled : .other, nanoseconds: elapsed)
        }
    }

    /// Tells a sink of a failure, on its lane.
    static func deliver(_ error: InferenceError, to sink: any AnswerSink) {
        if sink.lane.isCurrent {
            sink.finish(.failure(error))
        } else {
            sink.lane.deliver([Completion(failure: error, to: sink)])
        }
    }
}
