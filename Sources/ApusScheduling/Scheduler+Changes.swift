internal import ApusCore
internal import Synchronization

extension Scheduler {
    /// Does what the state machine says.
    ///
    /// - Parameters:
    ///   - change: What is to be done.
    ///   - ending: The threads of which the calling one is, if its job ends with this.
    func carryOut(
        _ change: BatchingStateMachine<QueuedRequest>.OnChange,
        endingJobOf ending: EngineThreadPool? = nil
    ) {
        if let instance = change.instance {
            let threads = threads(of: instance)
            let job = jobs.withLock { $0[instance] }
            if ending === threads { threads.submitFollowUp(job) } else { threads.submit(job) }
        }
        if let instance = change.repair { threads(of: instance).submit(RepairJob(instance, of: self)) }
        if let moment = change.wakeAt, setAlarm(moment) { pool.wake(self, at: moment) }
    }

    /// Notes that an alarm is to be set; `false` when an earlier one stands.
    private func setAlarm(_ moment: MonotonicTime) -> Bool {
        var earlier = alarm.load(ordering: .relaxed)
        while moment.nanoseconds < earlier {
            let outcome = alarm.compareExchange(
                expected: earlier,
                desired: moment.nanoseconds,
                ordering: .acquiringAndReleasing
            )
            if outcome.exchanged { return true }
            earlier = outcome.original
        }
        return false
    }

    /// Takes a request that is called back out of the queue, if it is there.
    func removeFromQueue(_ queued: QueuedRequest) {
        let tickets = queued.tickets
        guard !tickets.isEmpty else { return }
        let now = time.now
        state.withLock { state in
            for ticket in tickets { _ = state.machine.withdraw(ticket, now: now) }
        }
    }
}

extension Scheduler: WakeTarget {
    func timePassed() {
        // Before the look at the queue: what joins it afterwards sets its own.
        alarm.store(.max, ordering: .sequentiallyConsistent)
        let now = time.now
        let (expired, change) = state.withLock { $0.machine.timePassed(now: now) }
        carryOut(change)
        for queued in expired { queued.expire() }
    }
}
