internal import ApusCore

extension ModelStatistics {
    /// Counts a request that was answered out of the cache.
    mutating func recordHit(_ timings: RequestTimings, lookUp: UInt64, id: String) {
        cache?.hit.record(nanoseconds: lookUp)
        recordWithoutRun(timings, id: id)
    }

    /// Counts a request that was answered by a run which another one had begun.
    mutating func recordSaved(_ timings: RequestTimings, lookUp: UInt64, id: String) {
        cache?.savedRuns &+= 1
        recordHit(timings, lookUp: lookUp, id: id)
    }

    /// Counts a request that a run was made for: what the cache has cost it.
    mutating func recordMiss(_ nanoseconds: UInt64) {
        cache?.miss.record(nanoseconds: nanoseconds)
    }

    /// Counts a request that left the run which it had asked for.
    mutating func recordDeparture<Answer, Flight, Member>(
        _ departure: ResponseCacheState<Answer, Flight, Member>.Departure?
    ) {
        if let departure { recordFailure(departure.reason, nanoseconds: departure.nanoseconds) }
    }

    /// Adds the counters of a front to those of the one behind it.
    mutating func add(_ other: ModelStatistics) {
        lastInference = max(lastInference, other.lastInference)
        inferenceCount &+= other.inferenceCount
        executionCount &+= other.executionCount
        inlineExecutionCount &+= other.inlineExecutionCount
        success.add(other.success)
        fail.add(other.fail)
        queue.add(other.queue)
        computeInput.add(other.computeInput)
        computeInfer.add(other.computeInfer)
        computeOutput.add(other.computeOutput)
        for index in failures.indices { failures[index] &+= other.failures[index] }
        for index in histograms.indices { histograms[index].add(other.histograms[index]) }
        pending += other.pending
        slowest.add(other.slowest)
        cache = cache ?? other.cache
    }

    /// Counts what every answered request has: all of its time, and its time in the queue.
    private mutating func recordWithoutRun(_ timings: RequestTimings, id: String) {
        let request = timings.computeEnded.nanoseconds(since: timings.received)
        let waited = timings.computeStarted.nanoseconds(since: timings.queued)
        lastInference = WallClock.coarseMillisecondsSince1970
        success.record(nanoseconds: request)
        queue.record(nanoseconds: waited)
        histograms[Phase.request.rawValue].record(nanoseconds: request)
        histograms[Phase.queue.rawValue].record(nanoseconds: waited)
        slowest.offer(nanoseconds: request, id: id, time: lastInference, timings: timings)
    }
}
