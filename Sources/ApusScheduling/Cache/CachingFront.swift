package import ApusCore
internal import Synchronization

/// Answers what has been asked before out of the response cache, and lets equal requests that come at the same time share
/// one run; everything else goes on to the scheduler, or whatever stands behind it.
///
/// For models that give exactly one answer which depends on the request alone. See
/// docs/decisions/0006-response-cache.md.
package final class CachingFront: RequestFront {
    /// How a version's answers are remembered.
    package struct Configuration: Sendable {
        /// How long an answer may be given, in nanoseconds; `nil` until it has to make room.
        package var timeToLive: Int64?
        /// The scheduler's: they say what a request's own `timeout` means.
        package var queue: QueueRules

        /// Sets both; a queue without a written policy unless said otherwise.
        package init(timeToLive: Int64? = nil, queue: QueueRules = QueueRules()) {
            self.timeToLive = timeToLive
            self.queue = queue
        }
    }

    let next: any RequestFront
    let time: any TimeSource
    let configuration: Configuration
    private let cache: ResponseCache
    private let owner: UInt64
    private let validation: RequestValidation
    /// What the fronts behind this one don't know of.
    private let own: Mutex<ModelStatistics>

    /// Puts a cache before a version.
    package init(
        _ next: any RequestFront,
        cache: ResponseCache,
        time: any TimeSource,
        configuration: Configuration = Configuration()
    ) {
        self.next = next
        self.time = time
        self.configuration = configuration
        self.cache = cache
        self.owner = cache.makeOwner()
        self.validation = RequestValidation(model: next.description)
        var own = ModelStatistics()
        own.cache = ModelStatistics.Cache()
        self.own = Mutex(own)
    }

    package var description: ModelDescription { next.description }
    package var allocator: any TensorAllocator { next.allocator }

    package func statistics() -> ModelStatistics {
        var statistics = next.statistics()
        statistics.add(own.withLock { $0 })
        return statistics
    }

    package func checkReadiness() throws(InferenceError) {
        try next.checkReadiness()
    }

    package func close() {
        next.close()
    }

    package func unload() {
        cache.unload(owner: owner)
        next.unload()
    }

    package var traffic: TrafficHistory { next.traffic }

    package func warmUp(_ samples: [WarmUpSample], after traffic: TrafficHistory) throws(InferenceError) {
        try next.warmUp(samples, after: traffic)
    }

    package func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        let began = time.now
        let deadline = deadline(of: request)
        // What would be refused is refused where it always is.
        guard !Deadline(time: deadline).hasPassed(at: began), let key = key(of: request) else {
            return next.submit(request, to: sink)
        }
        request.timings.queued = began
        if let answer = cache.lookUp(key, now: began) {
            answerAtOnce(request, with: answer, sink: sink)
            return .finished
        }
        guard !hasOwnQueueTimeout(request) else { return next.submit(request, to: sink) }
        return fly(request, key: key, deadline: deadline, sink: sink, began: began)
    }

    /// Waits for a run, one under way or its own.
    private func fly(
        _ request: consuming InferenceRequest,
        key: ResponseKey,
        deadline: MonotonicTime?,
        sink: any AnswerSink,
        began: MonotonicTime
    ) -> CancellationHandle {
        let member = FlightRequest(
            request,
            key: key,
            deadline: deadline,
            sink: sink,
            lookUpNanoseconds: time.now.nanoseconds(since: began),
            front: self
        )
        let flight = Flight(request, key: key, lane: sink.lane, front: self)
        switch cache.join(key, member, flight: flight, now: began) {
        case .hit(let answer):
            answerAtOnce(request, with: answer, sink: sink)
            return .finished
        case .joins:
            // Its inputs and their charge end here.
            break
        case .leads:
            flight.begin(request, for: member)
            if flight.isOver { return .finished }
        }
        return CancellationHandle(member, deadline: Deadline(time: deadline))
    }

    /// Inputs of more bytes would hold the event loop up for longer than 8 ms while they are digested.
    static let maxInputBytes = 16 << 20

    /// What the request is remembered under; `nil` for one that isn't: it belongs to a sequence, doesn't fit the model or
    /// is too large.
    private func key(of request: borrowing InferenceRequest) -> ResponseKey? {
        guard request.sequence == nil,
            request.inputs.reduce(0, { $0 &+ $1.tensor.storage.byteCount }) <= Self.maxInputBytes,
            let call = try? validation.validate(inputs: request.inputs, outputs: request.requestedOutputs)
        else { return nil }
        return cache.key(owner: owner, call: call, parameters: request.parameters)
    }

    /// Whether it may stand in the queue for a time of its own, which is none of those who would join it.
    private func hasOwnQueueTimeout(_ request: borrowing InferenceRequest) -> Bool {
        guard configuration.queue.isWritten, request.queueTimeout > 0 else { return false }
        let policy = configuration.queue.policies[configuration.queue.level(priority: request.priority)]
        return policy.timeout(asked: request.queueTimeout) != policy.timeout(asked: 0)
    }

    private func deadline(of request: borrowing InferenceRequest) -> MonotonicTime? {
        guard !configuration.queue.isWritten, request.queueTimeout > 0 else { return request.deadline.time }
        let own = request.timings.received.advanced(byNanoseconds: request.queueTimeout)
        return request.deadline.time.map { min($0, own) } ?? own
    }

    private func answerAtOnce(
        _ request: consuming InferenceRequest,
        with remembered: RememberedAnswer,
        sink: any AnswerSink
    ) {
        let began = request.timings.queued
        request.timings.answeredWithoutRun(.cache, queueEnded: began, at: time.now)
        let timings = request.timings
        let lookUp = timings.computeEnded.nanoseconds(since: began)
        let id = request.id
        own.withLock { $0.recordHit(timings, lookUp: lookUp, id: id) }
        let answer = request.answer(with: remembered.outputs)
        if sink.lane.isCurrent {
            sink.receive(answer)
            sink.finish(.success)
        } else {
            sink.lane.deliver([Completion(answer: answer, to: sink)])
        }
    }
}

extension CachingFront {
    /// A run has given its answer.
    func ended(_ flight: Flight, with answer: consuming InferenceAnswer) {
        let began = time.now
        let remembered = RememberedAnswer(copying: answer.outputs, byteLimit: cache.answerLimit)
        let expires = configuration.timeToLive.map { began.advanced(byNanoseconds: $0) }
        let end = cache.ended(flight, answer: remembered, expires: expires)
        let now = time.now
        guard let first = end.members.first else { return }
        own.withLock { statistics in
            statistics.recordMiss(first.lookUpNanoseconds + now.nanoseconds(since: began))
            statistics.recordDeparture(end.departure)
            for member in end.members.dropFirst() {
                statistics.recordSaved(member.timings(at: now), lookUp: member.lookUpNanoseconds, id: member.id)
            }
        }
        var answers = FlightAnswers()
        let outputs = answer.outputs
        var timings = answer.timings
        timings.received = first.received
        timings.queued = first.queued
        _ = first.takeLease()
        answers.append(answer.readdressed(id: first.id, timings: timings), to: first.sink)
        for member in end.members.dropFirst() {
            guard let lease = member.takeLease() else { continue }
            let timings = member.timings(at: now)
            answers.append(
                InferenceAnswer(id: member.id, outputs: outputs, timings: timings, lease: lease, charge: nil),
                to: member.sink
            )
        }
        answers.deliver()
    }

    /// A run has failed, with an error that names no request.
    func failed(_ flight: Flight, with error: InferenceError) {
        let end = cache.ended(flight, answer: nil, expires: nil)
        own.withLock { statistics in
            if let first = end.members.first { statistics.recordMiss(first.lookUpNanoseconds) }
            statistics.recordDeparture(end.departure)
        }
        fail(end.members, with: error, firstIsCounted: true)
    }

    /// A run was refused for want of room or time.
    ///
    /// - Parameters:
    ///   - flight: The run.
    ///   - error: What it was told.
    ///   - deadline: What it was given; `nil` for all the time there is.
    ///   - lease: Set to a lease of the one in whose name it is to be asked for again.
    /// - Returns: In whose name it is to be asked for again; `nil` for nobody's.
    func refused(
        _ flight: Flight,
        with error: InferenceError,
        deadline: MonotonicTime?,
        lease: inout Lease?
    ) -> FlightRequest? {
        let refusal = cache.refused(flight, deadline: deadline, lease: &lease)
        fail(refusal.refused, with: error, firstIsCounted: refusal.countsFirst)
        return refusal.asker
    }

    /// A request is called back.
    func leave(_ member: FlightRequest, with error: InferenceError) {
        let elapsed = time.now.nanoseconds(since: member.received)
        let reason = error.failureReason
        switch cache.leave(member, as: .init(reason: reason, nanoseconds: elapsed)) {
        case .isOver: return
        case .askerLeft: break
        case .othersWait: own.withLock { $0.recordFailure(reason, nanoseconds: elapsed) }
        case .isLast(let flight, let departure):
            own.withLock { $0.recordDeparture(departure) }
            flight.callBack(error.code == .cancelled ? .cancelled : .expired)
        }
        _ = member.takeLease()
        Scheduler.deliver(Scheduler.prefixed(error, id: member.id), to: member.sink)
    }

    private func fail(_ members: [FlightRequest], with error: InferenceError, firstIsCounted: Bool) {
        let now = time.now
        let uncounted = firstIsCounted ? members.dropFirst() : members[...]
        if !uncounted.isEmpty {
            let reason = error.failureReason
            own.withLock { statistics in
                for member in uncounted {
                    statistics.recordFailure(reason, nanoseconds: now.nanoseconds(since: member.received))
                }
            }
        }
        var answers = FlightAnswers()
        for member in members {
            _ = member.takeLease()
            answers.append(failure: Scheduler.prefixed(error, id: member.id), to: member.sink)
        }
        answers.deliver()
    }
}
