internal import ApusCore

/// What a queue knows of a waiting request.
struct QueueEntry<Request: Sendable>: Sendable {
    /// The request itself.
    let request: Request
    /// Its place among the priorities, 0 the highest.
    let level: Int
    /// Items in it: its first dimension where it may be batched, else 1.
    let rows: Int
    /// Only requests with equal keys may share a run.
    let bucket: UInt64
    /// Whether it shares a run with nobody.
    var isAlone = false
    /// When it joined.
    let enqueued: MonotonicTime
    /// When nobody wants its answer any more.
    let deadline: MonotonicTime?
    /// Nanoseconds that its answer will need to leave, when the model has run.
    var delivery: UInt64 = 0
    /// When its run was expected to end; known only of those that have a deadline.
    var expectedEnd: MonotonicTime?
    /// When it has waited too long by the policy of its priority.
    var timeout: MonotonicTime?
    /// Rows that runs have taken already; more than 0 only where a request is larger than a batch.
    var takenRows = 0
    /// Whether it stands behind the others of its priority, because it has waited too long.
    var isDelayed = false
    /// Whether it has run before, on an instance that was lost: it comes before all others of its priority, alone.
    var isRetry = false
    /// Who asks; requests of one caller stay in their order, callers of a priority take turns.
    var caller = ""
    /// What share of the rows its caller gets, compared with the others.
    var weight = 1.0
    /// Its place among all requests, where order is kept.
    var number: UInt64 = 0

    /// Rows that no run has taken yet.
    var rowsLeft: Int { rows - takenRows }

    /// The next moment at which something happens to it.
    var nextMoment: MonotonicTime? {
        guard let deadline else { return timeout }
        guard let timeout else { return deadline }
        return min(deadline, timeout)
    }
}

/// The rows of one request that one run takes.
struct BatchPart<Request: Sendable>: Sendable {
    /// The request.
    let request: Request
    /// Which of its rows.
    let rows: Range<Int>
    /// Whether the request has left the queue with this part.
    let isLast: Bool
}
