/// How many rows a run takes.
extension BatchingStateMachine {
    /// The most rows of a large request in one run, whatever was measured.
    private static var maxPart: Int { 4096 }

    /// The most rows that a run of this bucket takes now.
    func limit(_ bucket: UInt64) -> Int {
        isJoining ? rules.batching.allowedSizes.limit(near: limitOfAnySize(bucket)) : 1
    }

    /// The most rows that a run of this bucket takes now, where it may have any number.
    private func limitOfAnySize(_ bucket: UInt64) -> Int {
        let batching = rules.batching
        let curve = curves[bucket] ?? unmeasured
        if let goal { return goal.limit(curve, largest: min(curve.largest, batching.maxRows ?? .max)) }
        let measured = curve.limit
        guard let maxRows = batching.maxRows else { return measured }
        // Who writes sizes or a delay has measured himself.
        return batching.preferredSizes.isEmpty && batching.maxDelay == 0 ? min(maxRows, measured) : maxRows
    }

    /// How many rows the run that begins with this request takes.
    func size(for first: QueueEntry<Request>) -> Int {
        guard isJoining, !first.isAlone, !first.isRetry else { return max(first.rows, 1) }
        let limit = limit(first.bucket)
        guard first.rows > limit else {
            // One that is larger than the largest preferred size that is there runs whole all the same.
            return max(first.rowsLeft, rules.batching.size(rows: queue.rows(like: first), limit: limit))
        }
        // A large request is spread over the instances, in parts no smaller than the best size.
        let share = (first.rows + rules.instances - 1) / rules.instances
        return min(max(limit, share), rules.batching.maxRows ?? Self.maxPart)
    }
}
