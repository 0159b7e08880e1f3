internal import ApusCore
internal import ApusEngine
internal import Synchronization

extension Scheduler {
    /// Ends a request that never came to the queue.
    func fail(_ request: consuming InferenceRequest, with error: InferenceError, sink: any AnswerSink) {
        let prefixed = Scheduler.prefixed(error, id: request.id)
        count(error, received: request.timings.received)
        _ = consume request
        Scheduler.deliver(prefixed, to: sink)
    }

    /// Ends a queued request without an answer of the model.
    func answer(_ queued: QueuedRequest, with error: InferenceError) {
        count(error, received: queued.received)
        Scheduler.deliver(Scheduler.prefixed(error, id: queued.id), to: queued.sink)
        makeRoom(queued.number)
    }

    /// Counts a request that ended without an answer of the model.
    func count(_ error: InferenceError, received: MonotonicTime) {
        let elapsed = time.now.nanoseconds(since: received)
        state.withLock { state in
            state.statistics.lastInference = WallClock.millisecondsSince1970
            state.statistics.recordFailure(error.code.failureReason, nanoseconds: elapsed)
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

    /// Puts the request's id in front of the message, as Triton does and its users match on.
    static func prefixed(_ error: InferenceError, id: String) -> InferenceError {
        InferenceError(
            error.code,
            idPrefix(id) + error.message,
            field: error.field,
            expected: error.expected,
            got: error.got,
            hint: error.hint,
            cause: error.cause
        )
    }

    /// Takes the id out of a message that `prefixed` put it into, for those who pass the failure on to other requests.
    static func unprefixed(_ error: InferenceError, id: String) -> InferenceError {
        let prefix = idPrefix(id)
        guard error.message.utf8.starts(with: prefix.utf8) else { return error }
        return InferenceError(
            error.code,
            String(decoding: error.message.utf8.dropFirst(prefix.utf8.count), as: UTF8.self),
            field: error.field,
            expected: error.expected,
            got: error.got,
            hint: error.hint,
            cause: error.cause
        )
    }

    private static func idPrefix(_ id: String) -> String {
        "[request id: \(id.isEmpty ? "<id_unknown>" : id)] "
    }
}

extension ModelStatistics {
    /// Counts how a request ended that a run was made for.
    mutating func recordOutcome(
        _ outcome: Result<[Tensor], EngineError>,
        timings: RequestTimings,
        batchSize: Int,
        id: String
    ) {
        switch outcome {
        case .success:
            recordSuccess(timings, batchSize: batchSize, id: id)
        case .failure(let error):
            let elapsed = timings.computeEnded.nanoseconds(since: timings.received)
            recordFailure(InferenceError(error).failureReason, nanoseconds: elapsed)
        }
    }
}
