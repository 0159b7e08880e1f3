internal import ApusCore
internal import Synchronization

extension Scheduler {
    /// Does what the state machine says.
    func carryOut(_ change: BatchingStateMachine<QueuedRequest>.OnChange) {
        if let instance = change.instance { threads(of: instance).submit(jobs.withLock { $0[instance] }) }
        if let instance = change.repair { threads(of: instance).submit(RepairJob(instance, of: self)) }
        guard let moment = change.wakeAt else { return }
        let isNew = state.withLock { state in
            if let alarm = state.alarm, alarm <= moment { return false }
            state.alarm = moment
            return true
        }
        if isNew { pool.wake(self, at: moment) }
    }

    /// Takes a request that is called back out of the queue, if it is there.
    func removeFromQueue(_ queued: QueuedRequest) {
        let tickets = queued.tickets
        guard !tickets.isEmpty else { return }
        state.withLock { state in
            for ticket in tickets { _ = state.machine.withdraw(ticket) }
        }
    }
}

extension Scheduler: WakeTarget {
    func timePassed() {
        let now = time.now
        let passed = state.withLock {
            state -> (expired: [QueuedRequest], BatchingStateMachine<QueuedRequest>.OnChange)? in
            // An alarm that has been overtaken by an earlier one has nothing to say.
            guard let alarm = state.alarm, alarm <= now else { return nil }
            state.alarm = nil
            return state.machine.timePassed(now: now)
        }
        guard let (expired, change) = passed else { return }
        carryOut(change)
        for queued in expired { queued.expire() }
    }
}
