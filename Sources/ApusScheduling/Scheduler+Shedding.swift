package import ApusCore
internal import Synchronization

extension Scheduler {
    /// How long others are taken to be like a request that was refused, in nanoseconds.
    private static let sheddingTime: Int64 = 500_000

    /// The last request that was refused because its deadline could not be kept.
    struct Shedding {
        /// What of it decided how long it would have needed.
        let standing: Standing
        /// Until when others are refused by it.
        let until: MonotonicTime
        /// What others are refused with.
        let error: InferenceError
    }

    /// Refuses a request that would be too late if it were like the one that was refused a moment ago, before its body is
    /// decoded: under overload those that can't be answered in time must cost little, or nothing is left for the others.
    package func refuseEarly(_ deadline: Deadline, received: MonotonicTime) -> InferenceError? {
        guard isShedding.load(ordering: .relaxed), let deadline = deadline.time else { return nil }
        let now = time.now
        return state.withLock { state in
            guard let last = state.shedding, now <= last.until else {
                state.shedding = nil
                isShedding.store(false, ordering: .relaxed)
                return nil
            }
            let needed = state.machine.neededTime(last.standing, now: now)
            guard now.advanced(byNanoseconds: Int64(clamping: needed)) > deadline else { return nil }
            state.statistics.recordFailure(last.error.code.failureReason, nanoseconds: now.nanoseconds(since: received))
            return last.error
        }
    }

    /// A request needed more time than it had.
    func shed(_ standing: Standing, needing nanoseconds: UInt64, now: MonotonicTime) -> InferenceError {
        let error = InferenceError(
            .unavailable,
            "Request timeout expired: about \(nanoseconds / 1_000_000) ms of work stand before it",
            field: "timeout",
            hint: "send it to another server, give it more time, or lower the load"
        )
        state.withLock { state in
            let until = now.advanced(byNanoseconds: Scheduler.sheddingTime)
            let others = Scheduler.prefixed(error, id: "")
            state.shedding = Shedding(standing: standing, until: until, error: others)
        }
        isShedding.store(true, ordering: .relaxed)
        return error
    }
}
