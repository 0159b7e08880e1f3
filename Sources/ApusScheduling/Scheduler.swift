package import ApusCore
package import ApusEngine
internal import Synchronization

/// Runs the requests of one model version on its instances.
///
/// A request is compared with the model, then runs at once on the event loop that brought it, when the model is known
/// to be cheaper than a thread hop, else on an engine thread, in the order of arrival.
package final class Scheduler: ServedModel {
    /// What a scheduler needs besides the model.
    package struct Configuration: Sendable {
        /// Parallel instances.
        package var instances: Int
        /// How the version came to be, for its statistics.
        package var loadNanoseconds: UInt64
        /// Whether runs on event loops are allowed at all.
        package var allowsInlineRuns: Bool
        /// For each output of the description its index in the session; `nil` when they are the same.
        package var sessionOutputs: [Int]?
        /// For each input of the description how its shape becomes the session's; `nil` when none differs.
        package var inputShapes: [ShapeTranslation?]?
        /// For each output of the description how the session's shape becomes its own; `nil` when none differs.
        package var outputShapes: [ShapeTranslation?]?

        /// Sets the number of instances; inline runs are allowed unless said otherwise.
        package init(instances: Int, loadNanoseconds: UInt64 = 0, allowsInlineRuns: Bool = true) {
            self.instances = instances
            self.loadNanoseconds = loadNanoseconds
            self.allowsInlineRuns = allowsInlineRuns
            self.sessionOutputs = nil
            self.inputShapes = nil
            self.outputShapes = nil
        }
    }

    struct State {
        var machine: SchedulerStateMachine
        var statistics = ModelStatistics()
        /// Empty once the version has been unloaded.
        var instances: [any ModelInstance]
    }

    /// The right to run one call on an instance.
    struct Permit: Sendable {
        /// The instance's number in the state machine.
        let index: Int
        /// The instance.
        let instance: any ModelInstance
    }

    package let description: ModelDescription
    package let allocator: any TensorAllocator
    let state: Mutex<State>
    let time: any TimeSource
    private let pool: EngineThreadPool
    private let validation: RequestValidation
    let layout: SessionLayout

    /// Makes the instances of a session.
    ///
    /// - Throws: What the engine reports.
    package init(
        description: ModelDescription,
        session: any EngineSession,
        pool: EngineThreadPool,
        time: any TimeSource,
        configuration: Configuration
    ) throws(EngineError) {
        self.description = description
        self.allocator = session.allocator
        self.pool = pool
        self.time = time
        self.validation = RequestValidation(model: description)
        self.layout = SessionLayout(configuration)
        var instances: [any ModelInstance] = []
        for _ in 0..<max(1, configuration.instances) { instances.append(try session.makeInstance()) }
        let ban: InlinePolicy.Ban? =
            configuration.allowsInlineRuns
            ? (session.signature.hasDataDependentCost ? .dataDependentCost : nil) : .configuration
        var state = State(
            machine: SchedulerStateMachine(instances: instances.count, policy: InlinePolicy(ban: ban)),
            instances: instances
        )
        state.statistics.loadNanoseconds = configuration.loadNanoseconds
        self.state = Mutex(state)
    }

    package func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        let now = time.now
        request.timings.queued = now
        let call: ValidatedCall
        do throws(InferenceError) {
            guard !request.deadline.hasPassed(at: now) else { throw Scheduler.expired }
            call = try validation.validate(inputs: request.inputs, outputs: request.requestedOutputs)
        } catch {
            fail(request, with: error, sink: sink)
            return .finished
        }
        let shape = Scheduler.shapeKey(of: call.inputs)
        let isOnLane = sink.lane.isCurrent
        let (permit, isMeasured) = state.withLock { state -> (Permit?, Bool) in
            switch state.machine.requestArrived(shape: shape, isOnLane: isOnLane, now: now) {
            case .runInline(let index, let isMeasured):
                (Permit(index: index, instance: state.instances[index]), isMeasured)
            case .enqueue: (nil, false)
            }
        }
        if let permit {
            let clock = isMeasured ? RunClock() : nil
            runInline(request, call: call, shape: shape, permit: permit, clock: clock, sink: sink)
            return .finished
        } else {
            let queued = QueuedRequest(request: request, call: call, shape: shape, sink: sink, scheduler: self)
            carryOut(state.withLock { $0.machine.enqueued(queued) })
            return CancellationHandle(queued)
        }
    }

    /// The counters, read at one moment.
    package func statistics() -> ModelStatistics {
        let now = time.now
        return state.withLock { state in
            var statistics = state.statistics
            statistics.pending = state.machine.waiting
            statistics.schedulingNote = state.machine.note(now: now)
            return statistics
        }
    }

    func carryOut(_ change: SchedulerStateMachine.OnChange) {
        switch change {
        case .nothing: break
        case .run(let queued, let instance):
            queued.assign(instance: instance)
            pool.submit(queued)
        }
    }

    /// The right to run on an instance that the state machine has given away.
    func permit(_ index: Int) -> Permit {
        Permit(index: index, instance: state.withLock { $0.instances[index] })
    }

    /// Lets the engine's session go, on the calling thread.
    ///
    /// Comes when no lease is left. The scheduler itself may live on for a moment in the hands of whoever held the last
    /// lease, an event loop for example, which must not be the one that frees a model.
    package func unload() {
        let instances = state.withLock { state in
            defer { state.instances = [] }
            return state.instances
        }
        _ = consume instances
    }

    static let expired = InferenceError(
        .unavailable,
        "Request timeout expired",
        field: "timeout",
        hint: "the request's deadline passed before the model could run it"
    )

    /// Tells calls of different size apart for the measurements; a collision would only mislead the inline policy.
    ///
    /// The size of strings isn't in their shape, so the order of magnitude of their bytes counts as if it were.
    static func shapeKey(of inputs: [Tensor?]) -> UInt64 {
        var key: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in inputs.indices {
            for axis in 0..<(inputs[index]?.shape.rank ?? 0) {
                let size = inputs[index]?.shape.dimensions[axis] ?? 0
                key = (key ^ UInt64(bitPattern: Int64(size))) &* 0x100_0000_01b3
            }
            if let input = inputs[index], input.dataType == .bytes {
                let magnitude = Int.bitWidth - input.storage.byteCount.leadingZeroBitCount
                key = (key ^ UInt64(magnitude)) &* 0x100_0000_01b3
            }
            key = (key ^ 0xff) &* 0x100_0000_01b3
        }
        return key
    }
}
