internal import ApusCore

extension ModelStatistics {
    /// Counts a request that was answered; `lastInference` says when.
    mutating func recordSuccess(_ timings: RequestTimings, batchSize: Int, id: String) {
        let request = timings.computeEnded.nanoseconds(since: timings.received)
        let queue = timings.computeStarted.nanoseconds(since: timings.queued)
        let input = timings.inputReady.nanoseconds(since: timings.computeStarted)
        let infer = timings.inferEnded.nanoseconds(since: timings.inputReady)
        let output = timings.computeEnded.nanoseconds(since: timings.inferEnded)
        success.record(nanoseconds: request)
        self.queue.record(nanoseconds: queue)
        computeInput.record(nanoseconds: input)
        computeInfer.record(nanoseconds: infer)
        computeOutput.record(nanoseconds: output)
        inferenceCount &+= UInt64(batchSize)
        histograms[Phase.request.rawValue].record(nanoseconds: request)
        histograms[Phase.queue.rawValue].record(nanoseconds: queue)
        histograms[Phase.computeInput.rawValue].record(nanoseconds: input)
        histograms[Phase.computeInfer.rawValue].record(nanoseconds: infer)
        histograms[Phase.computeOutput.rawValue].record(nanoseconds: output)
        slowest.offer(nanoseconds: request, id: id, time: lastInference, timings: timings)
    }

    /// Counts a run of the engine, whatever number of requests it answered.
    ///
    /// - Parameters:
    ///   - timings: The run's stations.
    ///   - rows: How many rows it had.
    ///   - isInline: Whether it was on an event loop.
    mutating func recordExecution(_ timings: RequestTimings, rows: Int, isInline: Bool) {
        executionCount &+= 1
        if isInline { inlineExecutionCount &+= 1 }
        recordBatch(
            size: rows,
            input: timings.inputReady.nanoseconds(since: timings.computeStarted),
            infer: timings.inferEnded.nanoseconds(since: timings.inputReady),
            output: timings.computeEnded.nanoseconds(since: timings.inferEnded)
        )
    }

    /// Counts a request that failed.
    mutating func recordFailure(_ reason: FailureReason, nanoseconds: UInt64) {
        fail.record(nanoseconds: nanoseconds)
        if let index = FailureReason.allCases.firstIndex(of: reason) { failures[index] &+= 1 }
    }

    private mutating func recordBatch(size: Int, input: UInt64, infer: UInt64, output: UInt64) {
        // A client that sends every size must not make the server remember them all.
        guard batches[size] != nil || batches.count < 1024 else { return }
        batches[size, default: Batch()].record(input: input, infer: infer, output: output)
    }
}

extension ModelStatistics.Batch {
    fileprivate mutating func record(input: UInt64, infer: UInt64, output: UInt64) {
        computeInput.record(nanoseconds: input)
        computeInfer.record(nanoseconds: infer)
        computeOutput.record(nanoseconds: output)
    }
}

extension InferenceError.Code {
    /// The metric's reason for a failure with this code.
    var failureReason: FailureReason {
        switch self {
        case .engineFailure: .engine
        case .cancelled: .canceled
        case .unavailable, .deadlineExceeded, .resourceExhausted: .rejected
        default: .other
        }
    }
}
