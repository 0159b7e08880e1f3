internal import ApusCore

/// By how much runs end later than they were expected to, so that admission by deadline counts with it.
struct Punctuality: Sendable {
    /// When each instance's run was expected to end; kept only of runs with a request that has a deadline.
    private var expectedEnds: [Int: MonotonicTime] = [:]
    private var lateness = DelayEstimate()

    /// A run has begun on an instance that should be over then; `nil` tells nothing.
    mutating func runStarted(on instance: Int, expectedEnd: MonotonicTime?) {
        if let expectedEnd { expectedEnds[instance] = expectedEnd }
    }

    /// An instance's run is over.
    mutating func runEnded(on instance: Int, now: MonotonicTime) {
        guard !expectedEnds.isEmpty, let expected = expectedEnds.removeValue(forKey: instance) else { return }
        lateness.observe(now.nanoseconds &- expected.nanoseconds, now: now)
    }

    /// A request leaves the queue, whose run should have been over by then; it is news only when that has passed.
    mutating func requestLeft(expectedEnd: MonotonicTime?, now: MonotonicTime) {
        guard let expectedEnd, expectedEnd < now else { return }
        lateness.observe(now.nanoseconds &- expectedEnd.nanoseconds, now: now)
    }

    /// Nanoseconds by which runs will hardly be later.
    func bound(now: MonotonicTime) -> UInt64 { lateness.bound(now: now) }
}
