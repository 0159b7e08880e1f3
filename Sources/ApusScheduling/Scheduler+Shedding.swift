package import ApusCore
internal import Synchronization

extension Scheduler {
    /// How long one refusal stands for others, in nanoseconds: what has to be waited for hardly changes meanwhile.
    private static let sheddingTime: Int64 = 500_000

    /// The last request that was refused because its deadline could not be kept.
    struct Shedding {
        /// Nanoseconds that it would have needed.
        let needed: UInt64
        /// Until when others are refused by it.
        let until: MonotonicTime
        /// What it was refused with.
        let error: InferenceError
    }

    /// Refuses a request by its deadline as the last one was, a moment ago, before its body is decoded: under overload
    /// those that can't be answered in time must cost little, or nothing is left for the others.
    package func refuseEarly(_ deadline: Deadline, received: MonotonicTime) -> InferenceError? {
        guard isShedding.load(ordering: .relaxed), let deadline = deadline.time else { return nil }
        let now = time.now
        return state.withLock { state in
            guard let last = state.shedding, now <= last.until else {
                state.shedding = nil
                isShedding.store(false, ordering: .relaxed)
                return nil
            }
            guard now.advanced(byNanoseconds: Int64(clamping: last.needed)) > deadline else { return nil }
            state.statistics.recordFailure(last.error.code.failureReason, nanoseconds: now.nanoseconds(since: received))
            return Scheduler.prefixed(last.error, id: "")
        }
    }

    /// A request needed more time than it had.
    func shed(_ nanoseconds: UInt64, now: MonotonicTime) -> InferenceError {
        let error = InferenceError(
            .unavailable,
            "Request timeout expired: about \(nanoseconds / 1_000_000) ms of work stand before it",
            field: "timeout",
            hint: "send it to another server, give it more time, or lower the load"
        )
        state.withLock { state in
            let until = now.advanced(byNanoseconds: Scheduler.sheddingTime)
            state.shedding = Shedding(needed: nanoseconds, until: until, error: error)
        }
        isShedding.store(true, ordering: .relaxed)
        return error
    }
}
