internal import ApusCore

/// Who is taken in, by what an answer would need and what its deadline leaves.
extension BatchingStateMachine {
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

    /// Whether a request that needs so long can be promised an answer by its deadline.
    ///
    /// Half of the time that is left, 5 ms at most, is kept back for what nobody here can see: the answer's way to the
    /// client, and the moments in which the system gives the processors to others.
    func isInTime(_ deadline: MonotonicTime, needing nanoseconds: UInt64, now: MonotonicTime) -> Bool {
        guard now <= deadline else { return false }
        let left = deadline.nanoseconds(since: now)
        return nanoseconds <= left - min(left / 2, Self.longestReserve)
    }
}
