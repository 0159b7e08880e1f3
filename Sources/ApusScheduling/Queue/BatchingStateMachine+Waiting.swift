internal import ApusCore

/// When a run starts, and who waits for company until then.
extension BatchingStateMachine {
    /// Runs of up to half a millisecond are short: to wait for one costs less than a run of one's own.
    private static var shortRun: UInt64 { 500_000 }
    /// The longest that a request waits for a run that should have been short.
    private static var patience: Int64 { 5_000_000 }

    /// Whether the run that begins with this request may start.
    func isDue(_ first: QueueEntry<Request>, now: MonotonicTime) -> Bool {
        guard first.number < startLimit else { return false }
        guard !first.isRetry, let end = waitEnd(for: first) else { return true }
        // Triton's rule: a request of another shape closes the batch. Who waits for company keeps nobody waiting who can't
        // be company.
        guard !queue.hasOthers(than: first) else { return true }
        return rules.batching.isComplete(rows: queue.rows(like: first), limit: limit(first.bucket))
            || now >= end
    }

    /// Until when a request waits for company although an instance is free: for as long as the user wrote, or as the user's
    /// goal leaves over; `nil` when it doesn't.
    func waitEnd(for first: QueueEntry<Request>) -> MonotonicTime? {
        guard isJoining else { return nil }
        guard let goal else {
            let delay = rules.batching.maxDelay
            return delay > 0 ? first.enqueued.advanced(byNanoseconds: delay) : nil
        }
        // What can't have company, or runs once more, has nobody to wait for.
        guard !first.isAlone, !first.isRetry, first.takenRows == 0, let curve = curves[first.bucket],
            let cost = curve.cost(rows: limit(first.bucket))
        else { return nil }
        return goal.waitEnd(first: first.enqueued, runCost: cost, present: present)
    }

    /// Until when those who wait had better wait for the run after the one that is under way; `nil` when not at all.
    ///
    /// A second run of few rows would take a processor from the threads that bring further requests, and pay for a whole
    /// run; the one under way is over in less time than that. Whoever fills a run of their own don't wait.
    func waitForCompany(_ first: QueueEntry<Request>, now: MonotonicTime) -> MonotonicTime? {
        let batching = rules.batching
        // Who writes sizes or a delay has said what is worth waiting for.
        guard isJoining, goal == nil, batching.preferredSizes.isEmpty, batching.maxDelay == 0, !idle.isEmpty,
            idle.count + called < repair.alive, !first.isAlone, !first.isRetry, first.takenRows == 0,
            queue.rows < limit(first.bucket), let curve = curves[first.bucket], curve.isCheaperTogether,
            let run = cost(rows: queue.rows, by: curve), run <= Self.shortRun
        else { return nil }
        let end = first.enqueued.advanced(byNanoseconds: Self.patience)
        return now < end ? end : nil
    }

    /// When somebody has waited too long, or long enough for company.
    mutating func wakeTime(now: MonotonicTime) -> MonotonicTime? {
        var moment = queue.nextMoment()
        if !repair.isWell, let next = repair.nextMoment { moment = moment.map { min($0, next) } ?? next }
        guard rules.batching.maxDelay > 0 || goal != nil, !idle.isEmpty, let first = queue.first(),
            let due = waitEnd(for: first)
        else {
            if called == 0 { gatheringSince = nil }
            return moment
        }
        guard due > now else { return moment }
        gatheringSince = gatheringSince ?? now
        return moment.map { min($0, due) } ?? due
    }
}
