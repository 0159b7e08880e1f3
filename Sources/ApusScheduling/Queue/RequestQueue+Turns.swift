internal import ApusCore
internal import DequeModule

/// Callers of one priority take turns; only while more than one of them waits.
extension RequestQueue {
    /// Puts a request behind those of its caller.
    mutating func line(up ticket: RequestTicket, _ entry: QueueEntry<Request>) {
        let level = entry.level
        if levels[level].turns == nil {
            // It has been counted already.
            if levels[level].count == 1 { levels[level].soleCaller = entry.caller }
            guard levels[level].soleCaller != entry.caller else {
                levels[level].waiting.append(ticket)
                return
            }
            beginTurns(level)
        }
        levels[level].turns?.append(ticket, of: entry.caller, rows: entry.rowsLeft)
    }

    /// A second caller has come to a level.
    private mutating func beginTurns(_ level: Int) {
        var turns = CallerTurns()
        for ticket in levels[level].waiting {
            guard let entry = entry(at: ticket), !entry.isDelayed else { continue }
            turns.append(ticket, of: entry.caller, rows: entry.rowsLeft)
        }
        levels[level].waiting.removeAll()
        levels[level].turns = turns
    }

    /// A request, or some of its rows, has left one that others may have to share with.
    mutating func leaveTurns(_ entry: QueueEntry<Request>, requests: Int, rows: Int) {
        guard !entry.isRetry, !entry.isDelayed else { return }
        levels[entry.level].turns?.left(entry.caller, requests: requests, rows: rows)
        if levels[entry.level].count == 0 { levels[entry.level].turns = nil }
    }

    /// The first request of the caller whose turn it is.
    mutating func firstInTurn(of level: Int) -> RequestTicket? {
        while let caller = levels[level].turns?.next {
            if let ticket = firstTicket(of: caller, level: level) { return ticket }
            _ = levels[level].turns?.takeTurn()
            levels[level].turns?.put(caller, rows: 0, weight: 1)
        }
        return nil
    }

    /// A caller has been given rows of its first request.
    mutating func chargeTurn(level: Int, rows: Int, weight: Double) {
        guard let caller = levels[level].turns?.takeTurn() else { return }
        levels[level].turns?.put(caller, rows: rows, weight: weight)
    }

    /// Takes requests of one bucket, from the callers in turn.
    mutating func collectInTurn(
        _ bucket: UInt64,
        level: Int,
        room: inout Int,
        into parts: inout [BatchPart<Request>]
    ) {
        var places: [String: Int] = [:]
        var aside: [String] = []
        var looks = 0
        while room > 0, looks < Self.maxLook, let caller = levels[level].turns?.takeTurn() {
            let found = nextMatch(bucket, of: caller, level: level, place: &places[caller, default: 0], looks: &looks)
            guard let (ticket, entry) = found else {
                aside.append(caller)
                continue
            }
            guard entry.rows <= room else {
                aside.append(caller)
                break
            }
            room -= entry.rows
            leave(ticket, entry)
            parts.append(BatchPart(request: entry.request, rows: 0..<entry.rows, isLast: true))
            // Nobody waits any more, and no turns are kept.
            guard levels[level].turns != nil else { return }
            levels[level].turns?.put(caller, rows: entry.rows, weight: entry.weight)
        }
        for caller in aside {
            _ = firstTicket(of: caller, level: level)
            levels[level].turns?.put(caller, rows: 0, weight: 1)
        }
    }

    /// The next request of a caller that may join a run, from a place in its queue on.
    private mutating func nextMatch(
        _ bucket: UInt64,
        of caller: String,
        level: Int,
        place: inout Int,
        looks: inout Int
    ) -> (RequestTicket, QueueEntry<Request>)? {
        if place == 0, firstTicket(of: caller, level: level) == nil { return nil }
        while looks < Self.maxLook, let ticket = levels[level].turns?.ticket(of: caller, at: place) {
            looks += 1
            if let entry = entry(at: ticket), !entry.isDelayed, entry.bucket == bucket, !entry.isAlone {
                // Behind one that is being split nobody of its caller and bucket runs before it has run whole.
                return entry.takenRows == 0 ? (ticket, entry) : nil
            }
            place += 1
        }
        return nil
    }

    /// The first request of a caller, without those that have left before it.
    private mutating func firstTicket(of caller: String, level: Int) -> RequestTicket? {
        while let ticket = levels[level].turns?.ticket(of: caller, at: 0) {
            if let entry = entry(at: ticket), !entry.isDelayed { return ticket }
            levels[level].turns?.dropFirst(of: caller)
        }
        return nil
    }

    /// Requests and rows that would run before those of a caller at a level that callers share.
    ///
    /// An estimate: others get as many rows as the caller does, as far as they have them.
    func shared(_ level: Level, with caller: String, rows: Int) -> (requests: Int, rows: Int) {
        var callers = level.turns?.callers ?? 1
        if level.turns == nil, level.count == 0 || level.soleCaller == caller { return (level.count, level.rows) }
        let flow = level.turns?.flows[caller]
        let (ownRequests, ownRows) = (flow?.requests ?? 0, flow?.rows ?? 0)
        if ownRequests == 0 { callers += 1 }
        let others = callers - 1
        return (
            min(level.count, ownRequests + others * (ownRequests + 1)),
            min(level.rows, ownRows + others * (ownRows + rows))
        )
    }
}
