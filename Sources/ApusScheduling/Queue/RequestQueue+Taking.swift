internal import ApusCore
internal import DequeModule

/// Takes what shares a run.
extension RequestQueue {
    /// Takes some rows of a request that is larger than a batch.
    mutating func split(level: Int, room: Int) -> BatchPart<Request>? {
        guard let ticket = firstTicket(of: level), var entry = entry(at: ticket) else { return nil }
        let end = entry.isAlone || entry.isRetry ? entry.rows : min(entry.rows, entry.takenRows + room)
        let range = entry.takenRows..<end
        let isInTurn = levels[level].turns != nil && !entry.isRetry && !entry.isDelayed
        if isInTurn { chargeTurn(level: level, rows: range.count, weight: entry.weight) }
        if end == entry.rows {
            leave(ticket, entry)
        } else {
            rows -= range.count
            levels[entry.level].rows -= range.count
            count(entry, rows: -range.count)
            leaveTurns(entry, requests: 0, rows: range.count)
            entry.takenRows = end
            // Some of it runs: it has waited, and no policy takes the rest away any more.
            entry.timeout = nil
            slots[ticket.slot].entry = entry
        }
        return BatchPart(request: entry.request, rows: range, isLast: end == entry.rows)
    }

    /// Takes requests of one bucket out of those of a level that wait, or out of those that were delayed.
    mutating func collect(
        _ bucket: UInt64,
        level: Int,
        isDelayed: Bool,
        isOrdered: Bool,
        room: inout Int,
        into parts: inout [BatchPart<Request>]
    ) {
        let end = isDelayed ? levels[level].delayed.count : levels[level].waiting.count
        var left = 0
        var looks = 0
        var hasKept = false
        for index in 0..<end where room > 0 && looks < Self.maxLook {
            let ticket = isDelayed ? levels[level].delayed[index] : levels[level].waiting[index]
            guard let entry = entry(at: ticket), entry.isDelayed == isDelayed else {
                if !hasKept { left = index + 1 }
                continue
            }
            looks += 1
            guard entry.bucket == bucket, entry.takenRows == 0, !entry.isAlone else {
                hasKept = true
                if isOrdered { break }
                continue
            }
            guard entry.rows <= room else { break }
            room -= entry.rows
            leave(ticket, entry)
            parts.append(BatchPart(request: entry.request, rows: 0..<entry.rows, isLast: true))
            // Everything is forgotten with the last one.
            if count == 0 { return }
            if !hasKept { left = index + 1 }
        }
        if isDelayed {
            levels[level].delayed.removeFirst(left)
        } else {
            levels[level].waiting.removeFirst(left)
        }
    }
}
