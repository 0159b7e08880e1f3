internal import ApusCore
internal import DequeModule
internal import HeapModule

/// The requests that wait for one model version: priorities, policies, deadlines, and what may share a run.
///
/// Pure: told the time, it says who has expired. Taking a request out, from wherever it stands, costs the same however
/// many wait: its place is only marked as left, and passed over later.
struct RequestQueue<Request: Sendable>: Sendable {
    /// The requests of one priority, as tickets in the order in which they run.
    struct Level: Sendable {
        var waiting = Deque<RequestTicket>()
        /// Those that have waited too long where the policy says to let the others pass.
        var delayed = Deque<RequestTicket>()
        /// Those that have run before, on instances that were lost.
        var retries = Deque<RequestTicket>()
        var count = 0
        /// Rows that no run has taken yet.
        var rows = 0
        /// The caller whose requests stand in `waiting`.
        var soleCaller = ""
        /// Those that wait, by their callers, once there are several; `waiting` is empty then.
        var turns: CallerTurns?
    }

    /// What counts as one kind of request, where complete batches are waited for.
    private struct Kind: Hashable {
        let level: Int
        let bucket: UInt64
    }

    struct Slot: Sendable {
        var generation: UInt64 = 0
        var entry: QueueEntry<Request>?
    }

    /// When to look at a request again.
    private struct Moment: Comparable, Sendable {
        let time: MonotonicTime
        let ticket: RequestTicket

        static func < (lhs: Moment, rhs: Moment) -> Bool { lhs.time < rhs.time }
    }

    private let policies: [QueuePolicy]
    var slots: [Slot] = []
    private var free: [Int] = []
    var levels: [Level]
    private var moments = Heap<Moment>()
    /// Requests that wait.
    private(set) var count = 0
    /// Rows that wait.
    var rows = 0
    /// Rows that wait and may be joined, by kind; `nil` where nobody asks.
    private var kindRows: [Kind: Int]?

    /// Tickets looked at for one batch, at most: with more shapes than that mixed, a batch just stays smaller.
    static var maxLook: Int { 256 }

    /// Starts empty.
    ///
    /// - Parameters:
    ///   - rules: Priorities and their policies.
    ///   - countsKinds: Whether `rows(like:)` is going to be asked.
    init(rules: QueueRules, countsKinds: Bool = false) {
        self.kindRows = countsKinds ? [:] : nil
        self.policies = rules.policies
        self.levels = rules.policies.map { _ in Level() }
    }

    /// Whether nobody waits.
    var isEmpty: Bool { count == 0 }

    /// Takes a request in.
    ///
    /// - Returns: Its place; `nil` when its priority has as many as its policy allows.
    mutating func append(_ entry: QueueEntry<Request>) -> RequestTicket? {
        guard levels[entry.level].count < policies[entry.level].maxSize ?? QueuePolicy.unwrittenMaxSize else {
            return nil
        }
        let ticket = place(entry)
        line(up: ticket, entry)
        tidy(entry.level)
        return ticket
    }

    /// Takes a request back that has run already, before all others of its priority, whatever its policy says.
    mutating func takeBack(_ entry: QueueEntry<Request>) -> RequestTicket {
        let ticket = place(entry)
        levels[entry.level].retries.append(ticket)
        return ticket
    }

    /// Takes everybody out.
    mutating func removeAll() -> [Request] {
        slots.indices.compactMap { slot in
            remove(RequestTicket(slot: slot, generation: slots[slot].generation))
        }
    }

    /// Requests and rows that a request of a level would let pass.
    func ahead(of request: AdmissionTraits) -> (requests: Int, rows: Int) {
        levels[..<request.level].reduce(shared(levels[request.level], with: request.caller, rows: request.rows)) {
            ($0.0 + $1.count, $0.1 + $1.rows)
        }
    }

    /// Rows of the same priority and bucket that wait; all rows where kinds aren't counted.
    func rows(like entry: QueueEntry<Request>) -> Int {
        guard let kindRows else { return rows }
        return kindRows[Kind(level: entry.level, bucket: entry.bucket)] ?? 0
    }

    /// Whether rows of the same priority wait that can't share a run with a request; `false` where kinds aren't counted.
    func hasOthers(than entry: QueueEntry<Request>) -> Bool {
        kindRows != nil && levels[entry.level].rows > rows(like: entry)
    }

    /// Takes a request out, for whatever reason; `nil` when it isn't there any more.
    mutating func remove(_ ticket: RequestTicket) -> Request? {
        guard let entry = entry(at: ticket) else { return nil }
        leave(ticket, entry)
        return entry.request
    }

    /// The request that runs next.
    mutating func first() -> QueueEntry<Request>? {
        for level in levels.indices where levels[level].count > 0 {
            if let ticket = firstTicket(of: level) { return entry(at: ticket) }
        }
        return nil
    }

    /// Takes what shares the next run: the first request and others of its bucket, in their order.
    ///
    /// - Parameters:
    ///   - maxRows: The most rows; a request that has more is split.
    ///   - isOrdered: Whether nobody may overtake: then the first request of another bucket closes the batch.
    /// - Returns: The parts; empty when nobody waits.
    mutating func take(maxRows: Int, isOrdered: Bool) -> [BatchPart<Request>] {
        guard let first = first() else { return [] }
        let level = first.level
        var parts: [BatchPart<Request>] = []
        var room = max(1, maxRows)
        if first.isAlone || first.isRetry || first.takenRows > 0 || first.rows > room {
            return [split(level: level, room: room)].compactMap(\.self)
        }
        if !first.isDelayed, levels[level].turns != nil {
            collectInTurn(first.bucket, level: level, room: &room, into: &parts)
        } else if !first.isDelayed {
            collect(first.bucket, level: level, isDelayed: false, isOrdered: isOrdered, room: &room, into: &parts)
        }
        if first.isDelayed || !isOrdered {
            collect(first.bucket, level: level, isDelayed: true, isOrdered: isOrdered, room: &room, into: &parts)
        }
        return parts
    }

    /// Looks at who has waited too long.
    ///
    /// - Returns: Those to refuse, which have left the queue, and when the first of their runs was expected to end.
    mutating func expire(now: MonotonicTime) -> (requests: [Request], expectedEnd: MonotonicTime?) {
        var expired: [Request] = []
        var expectedEnd: MonotonicTime?
        while let moment = moments.min, moment.time <= now {
            moments.removeMin()
            let ticket = moment.ticket
            guard var entry = entry(at: ticket), let due = entry.nextMoment else { continue }
            guard due <= now else {
                // Its policy's time has been taken back since; its deadline stands.
                moments.insert(Moment(time: due, ticket: ticket))
                continue
            }
            let isOver = entry.deadline.map { $0 <= now } ?? false
            if isOver || policies[entry.level].timeoutAction == .reject {
                leave(ticket, entry)
                expired.append(entry.request)
                expectedEnd = expectedEnd ?? entry.expectedEnd
                continue
            }
            delay(ticket, &entry)
        }
        return (expired, expectedEnd)
    }

    /// When to call `expire` next; `nil` while nobody has a limit.
    mutating func nextMoment() -> MonotonicTime? {
        while let moment = moments.min {
            if entry(at: moment.ticket) != nil { return moment.time }
            moments.removeMin()
        }
        return nil
    }
}

extension RequestQueue {
    func entry(at ticket: RequestTicket) -> QueueEntry<Request>? {
        slots[ticket.slot].generation == ticket.generation ? slots[ticket.slot].entry : nil
    }

    private mutating func place(_ entry: QueueEntry<Request>) -> RequestTicket {
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(Slot()) }
        slots[slot].entry = entry
        let ticket = RequestTicket(slot: slot, generation: slots[slot].generation)
        levels[entry.level].count += 1
        levels[entry.level].rows += entry.rowsLeft
        count += 1
        rows += entry.rowsLeft
        count(entry, rows: entry.rowsLeft)
        if let time = entry.nextMoment { moments.insert(Moment(time: time, ticket: ticket)) }
        return ticket
    }

    mutating func leave(_ ticket: RequestTicket, _ entry: QueueEntry<Request>) {
        slots[ticket.slot].entry = nil
        slots[ticket.slot].generation &+= 1
        free.append(ticket.slot)
        levels[entry.level].count -= 1
        levels[entry.level].rows -= entry.rowsLeft
        count -= 1
        rows -= entry.rowsLeft
        count(entry, rows: -entry.rowsLeft)
        leaveTurns(entry, requests: 1, rows: entry.rowsLeft)
        if count == 0 { forgetLeft() }
    }

    /// Counts rows that wait by their kind, where somebody asks.
    mutating func count(_ entry: QueueEntry<Request>, rows: Int) {
        guard kindRows != nil, !entry.isAlone, !entry.isRetry else { return }
        let kind = Kind(level: entry.level, bucket: entry.bucket)
        let left = kindRows?[kind, default: 0] ?? 0
        kindRows?[kind] = left + rows == 0 ? nil : left + rows
    }

    /// Drops the marks of those who have left, when they have become more than those who are there.
    private mutating func tidy(_ level: Int) {
        let limit = 2 * count + 1024
        if levels[level].waiting.count > limit {
            let kept = levels[level].waiting.filter { ticket in entry(at: ticket).map { !$0.isDelayed } ?? false }
            levels[level].waiting = Deque(kept)
        }
        if let turns = levels[level].turns, max(turns.marks, turns.flows.count - turns.debtorCount) > limit {
            var turns = levels[level].turns
            turns?.tidy { ticket in entry(at: ticket).map { !$0.isDelayed } ?? false }
            levels[level].turns = turns
        }
        if levels[level].delayed.count > limit {
            let kept = levels[level].delayed.filter { ticket in entry(at: ticket) != nil }
            levels[level].delayed = Deque(kept)
        }
        if moments.count > limit {
            moments = Heap(moments.unordered.filter { moment in entry(at: moment.ticket) != nil })
        }
    }

    /// Drops the marks of those who have left, all at once.
    private mutating func forgetLeft() {
        for level in levels.indices {
            levels[level].waiting.removeAll(keepingCapacity: levels[level].waiting.count <= 1024)
            levels[level].delayed.removeAll()
            levels[level].retries.removeAll()
            levels[level].turns = nil
        }
        moments = Heap()
    }

    /// The first ticket of a level, without those that have left before it.
    mutating func firstTicket(of level: Int) -> RequestTicket? {
        while let ticket = levels[level].retries.first {
            if entry(at: ticket) != nil { return ticket }
            levels[level].retries.removeFirst()
        }
        while let ticket = levels[level].waiting.first {
            if let entry = entry(at: ticket), !entry.isDelayed { return ticket }
            levels[level].waiting.removeFirst()
        }
        if levels[level].turns != nil, let ticket = firstInTurn(of: level) { return ticket }
        while let ticket = levels[level].delayed.first {
            if entry(at: ticket) != nil { return ticket }
            levels[level].delayed.removeFirst()
        }
        return nil
    }

    /// Moves a request behind all others of its priority; its mark among those who wait is passed over from now on.
    private mutating func delay(_ ticket: RequestTicket, _ entry: inout QueueEntry<Request>) {
        leaveTurns(entry, requests: 1, rows: entry.rowsLeft)
        entry.timeout = nil
        entry.isDelayed = true
        slots[ticket.slot].entry = entry
        levels[entry.level].delayed.append(ticket)
        if let deadline = entry.deadline { moments.insert(Moment(time: deadline, ticket: ticket)) }
    }
}
