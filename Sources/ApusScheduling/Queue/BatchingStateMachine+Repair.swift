internal import ApusCore

/// Instances that are lost and made anew, and the requests that were lost with them.
extension BatchingStateMachine {
    /// A request, or some rows of it, that an instance was lost with is to run once more.
    ///
    /// - Returns: `nil` when there is no instance any more.
    mutating func takeBack(_ entry: QueueEntry<Request>, now: MonotonicTime) -> (RequestTicket, OnChange)? {
        guard !repair.isHopeless else { return nil }
        let ticket = queue.takeBack(entry)
        return (ticket, change(now: now))
    }

    /// A lost instance has been made anew.
    mutating func instanceMade(_ instance: Int, now: MonotonicTime) -> OnChange {
        repair.made(instance)
        idle.append(instance)
        return change(now: now)
    }

    /// A lost instance could not be made anew.
    ///
    /// - Returns: Those who wait for nothing, since no instance is left; what can be done.
    mutating func instanceNotMade(_ instance: Int, now: MonotonicTime) -> (gone: [Request], OnChange) {
        repair.failed(instance, now: now)
        let gone = repair.isHopeless ? queue.removeAll() : []
        return (gone, change(now: now))
    }

    /// Instances that aren't lost.
    var alive: Int { repair.alive }

    /// Whether none is left, and the last try to make one has failed.
    var isHopeless: Bool { repair.isHopeless }
}
