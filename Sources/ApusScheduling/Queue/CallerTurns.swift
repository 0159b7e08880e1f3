internal import DequeModule
internal import HeapModule

/// Whose turn it is among the callers that wait at one priority: start-time fair queueing, by rows.
///
/// Pure. Each caller has a virtual time, which goes on by the rows that it was given, divided by its weight; the one
/// that is furthest behind comes next. Who comes anew starts at the time of the one served last, so that nobody saves
/// turns up; who leaves with more than his share is remembered until the others have caught up, so that nobody gains by
/// coming again and again. Every step costs O(log n) of the callers.
struct CallerTurns: Sendable {
    /// What one caller has waiting.
    struct Flow: Sendable {
        /// Its requests in their order; some may have left meanwhile.
        var tickets = Deque<RequestTicket>()
        /// Its virtual time.
        var pass: Double
        /// Requests that really wait.
        var requests = 0
        /// Rows of those.
        var rows = 0
        /// Whether it stands in `turns`, or is having its turn.
        var isInTurns = false
        /// Decides between equal times: who came first, or was served longer ago.
        var arrival: UInt64 = 0
    }

    private struct Turn: Comparable, Sendable {
        let pass: Double
        let arrival: UInt64
        let caller: String

        static func < (lhs: Turn, rhs: Turn) -> Bool {
            lhs.pass == rhs.pass ? lhs.arrival < rhs.arrival : lhs.pass < rhs.pass
        }
    }

    /// Callers without a request of whom more is remembered than this are forgotten.
    static var maxDebtors: Int { 4096 }

    private(set) var flows: [String: Flow] = [:]
    private var turns = Heap<Turn>()
    private var debtors = Heap<Turn>()
    private var time = 0.0
    private var arrivals: UInt64 = 0
    /// Tickets kept, those that have left included.
    private(set) var marks = 0
    /// Callers that have something waiting.
    private(set) var callers = 0
    /// Callers that have had more than their share and are remembered for it, at most.
    var debtorCount: Int { debtors.count }

    /// A request of a caller waits.
    mutating func append(_ ticket: RequestTicket, of caller: String, rows: Int) {
        var flow = flows[caller] ?? Flow(pass: time)
        flow.tickets.append(ticket)
        marks += 1
        if flow.requests == 0 { callers += 1 }
        flow.requests += 1
        flow.rows += rows
        if !flow.isInTurns {
            flow.isInTurns = true
            flow.pass = max(flow.pass, time)
            flow.arrival = nextArrival()
            turns.insert(Turn(pass: flow.pass, arrival: flow.arrival, caller: caller))
        }
        flows[caller] = flow
    }

    /// A request of a caller, or some of its rows, has left, however it was.
    mutating func left(_ caller: String, requests: Int, rows: Int) {
        guard flows[caller] != nil else { return }
        flows[caller]?.requests -= requests
        flows[caller]?.rows -= rows
        if requests > 0, flows[caller]?.requests == 0 { callers -= 1 }
    }

    /// The caller whose turn it is.
    var next: String? { turns.min?.caller }

    /// The caller whose turn it is; it is out of turn until `put` is called.
    mutating func takeTurn() -> String? {
        turns.popMin()?.caller
    }

    /// Gives a caller its next turn, after it has been given so many rows in this one.
    mutating func put(_ caller: String, rows: Int, weight: Double) {
        guard var flow = flows[caller] else { return }
        if rows > 0 {
            time = max(time, flow.pass)
            flow.pass += Double(rows) / max(weight, 1e-6)
            flow.arrival = nextArrival()
        }
        flow.isInTurns = !flow.tickets.isEmpty
        flows[caller] = flow
        let turn = Turn(pass: flow.pass, arrival: flow.arrival, caller: caller)
        if flow.isInTurns { turns.insert(turn) } else { debtors.insert(turn) }
        forgetDebtors()
    }

    /// The ticket at a place of a caller's queue; `nil` behind the last.
    func ticket(of caller: String, at place: Int) -> RequestTicket? {
        guard let flow = flows[caller], place < flow.tickets.count else { return nil }
        return flow.tickets[place]
    }

    /// Drops the first ticket of a caller, which has left.
    mutating func dropFirst(of caller: String) {
        flows[caller]?.tickets.removeFirst()
        marks -= 1
    }

    /// Drops tickets that have left.
    mutating func tidy(isThere: (RequestTicket) -> Bool) {
        var kept: [Turn] = []
        for (caller, flow) in flows {
            let tickets = flow.tickets.filter(isThere)
            flows[caller]?.tickets = Deque(tickets)
            if tickets.isEmpty, flow.pass <= time {
                flows[caller] = nil
            } else if flow.isInTurns {
                kept.append(Turn(pass: flow.pass, arrival: flow.arrival, caller: caller))
            }
        }
        turns = Heap(kept)
        marks = flows.values.reduce(0) { $0 + $1.tickets.count }
    }

    private mutating func nextArrival() -> UInt64 {
        arrivals &+= 1
        return arrivals
    }

    private mutating func forgetDebtors() {
        while let first = debtors.min, first.pass <= time || debtors.count > Self.maxDebtors {
            debtors.removeMin()
            // It may have come back since, and have gone on.
            if let flow = flows[first.caller], !flow.isInTurns, flow.pass <= first.pass, flow.requests == 0 {
                flows[first.caller] = nil
            }
        }
    }
}
