internal import ApusCore

/// Who is taken in, by what an answer would need and what its deadline leaves.
extension BatchingStateMachine {
    /// Time of which nothing is kept back, in nanoseconds.
    private static var sparedTime: UInt64 { 5_000_000 }
    /// The most that is kept back of a request's time, in nanoseconds.
    private static var longestReserve: UInt64 { 5_000_000 }

    /// How long a request that joined now would need to be answered, in nanoseconds: what admission by deadline goes by.
    func neededTime(_ traits: AdmissionTraits, now: MonotonicTime) -> UInt64 {
        neededTime(traits, expected: expectedTime(traits), now: now)
    }

    /// The same, where the time until its run has ended is known already.
    func neededTime(_ traits: AdmissionTraits, expected: UInt64?, now: MonotonicTime) -> UInt64 {
        // Where nothing waits the run's own cost refuses nobody: nothing would ever show that it is less by now.
        let startsSoon = queue.isEmpty && (isJoining && !traits.isAlone || !idle.isEmpty)
        return (startsSoon ? 0 : expected ?? 0) + punctuality.bound(now: now) + traits.delivery
    }

    /// How much of the time that is left until a deadline an answer may be expected to take, in nanoseconds.
    ///
    /// What there is beyond 5 ms, 5 ms of it at most, is kept back for what nobody here can see: the answer's way to the client,
    /// and the moments in which the system gives the processors to others. Short deadlines leave nothing to keep back: a
    /// reserve would refuse most of them even under half of the load.
    static func usable(of left: UInt64) -> UInt64 {
        left - min(left - min(left, sparedTime), longestReserve)
    }

    /// Whether a request that needs so long can be promised an answer by its deadline.
    func isInTime(_ deadline: MonotonicTime, needing nanoseconds: UInt64, now: MonotonicTime) -> Bool {
        now <= deadline && nanoseconds <= Self.usable(of: deadline.nanoseconds(since: now))
    }
}
