package import ApusCore
internal import Synchronization

extension Scheduler {
    /// How long others are taken to be like a request that was refused, in nanoseconds.
    private static let sheddingTime: Int64 = 500_000

    /// The last request that was refused because its deadline could not be kept.
    struct Shedding {
        /// What of it decided how long it would have needed.
        let traits: AdmissionTraits
        /// Until when others are taken to be like it.
        let until: MonotonicTime
    }

    /// Refuses a request before its body is decoded when its deadline has passed, or when it would be too late if it were
    /// like the one that was refused a moment ago: under overload those that can't be answered in time must cost little, or
    /// nothing is left for the others.
    package func refuseEarly(
        _ deadline: Deadline,
        of caller: Caller,
        received: MonotonicTime,
        id: () -> String
    ) -> InferenceError? {
        guard let time = deadline.time else { return nil }
        let now = self.time.now
        let error: InferenceError
        if time <= now {
            error = Scheduler.expired
        } else if isShedding.load(ordering: .relaxed), isTooLate(time, of: caller, now: now) {
            error = Scheduler.tooLateUnread
        } else {
            return nil
        }
        count(error, received: received)
        return Scheduler.prefixed(error, id: id())
    }

    /// Whether a caller's request with this deadline would be too late, were it of the kind of the caller's last one that was.
    private func isTooLate(_ deadline: MonotonicTime, of caller: Caller, now: MonotonicTime) -> Bool {
        state.withLock { state in
            guard let last = state.shedding, now <= last.until else {
                state.shedding = nil
                isShedding.store(false, ordering: .relaxed)
                return false
            }
            var traits = last.traits
            // Others may have asked for something that costs less.
            guard traits.caller == (keepsOrder ? "" : caller.key) else { return false }
            // What isn't read yet is taken to be what needs least: one row, of the highest priority.
            traits.level = 0
            traits.rows = 1
            let needed = state.machine.neededTime(traits, now: now)
            return !state.machine.isInTime(deadline, needing: needed, now: now)
        }
    }

    /// A request needs more time than is left.
    func shed(
        _ traits: AdmissionTraits,
        needing nanoseconds: UInt64,
        of left: UInt64,
        now: MonotonicTime
    ) -> InferenceError {
        state.withLock { state in
            let until = now.advanced(byNanoseconds: Scheduler.sheddingTime)
            state.shedding = Shedding(traits: traits, until: until)
        }
        isShedding.store(true, ordering: .relaxed)
        let usable = BatchingStateMachine<QueuedRequest>.usable(of: left)
        return Scheduler.tooLate(
            "Request timeout expired: its answer would take about \(Scheduler.milliseconds(nanoseconds)), and of the "
                + "\(Scheduler.milliseconds(left)) that are left \(Scheduler.milliseconds(usable)) can be counted on"
        )
    }

    /// A time in words, to a hundredth of a millisecond.
    private static func milliseconds(_ nanoseconds: UInt64) -> String { "\(Double(nanoseconds / 10_000) / 100) ms" }

    private static func tooLate(_ message: String) -> InferenceError {
        InferenceError(
            .unavailable,
            message,
            field: "timeout",
            hint:
                "send it to another server, give it more time, or lower the load"
        )
    }

    /// For one of which nothing has been read but how it is like another.
    private static let tooLateUnread = tooLate(
        "Request timeout expired: requests like it can't be answered in time now"
    )
}
