internal import ApusCore

/// Which instance runs which requests, and when: permits, the queue, batches, limits.
///
/// Pure: no lock, thread or clock. `Scheduler` holds it in a mutex, feeds events and carries out what is returned. An
/// instance is asked for when somebody waits, and chooses its batch at the moment in which an engine thread takes it
/// up: what has come in the meantime runs with it, what was called back doesn't.
struct BatchingStateMachine<Request: Sendable>: Sendable {
    /// What the machine is made with.
    struct Rules: Sendable {
        /// Priorities and policies.
        var queue = QueueRules()
        /// What may share a run.
        var batching = BatchRules()
        /// Parallel instances.
        var instances = 1
    }

    /// What to do after something has changed.
    struct OnChange: Equatable {
        /// This instance should be taken up by an engine thread.
        var instance: Int?
        /// This instance, which was lost, should be made anew.
        var repair: Int?
        /// `timePassed` should be called then.
        var wakeAt: MonotonicTime?

        /// Nothing to do.
        static var nothing: OnChange { OnChange() }
    }

    /// What an instance that was taken up does.
    struct OnStart {
        /// What it runs; empty when there is nothing to run now: then the instance is idle again.
        var parts: [BatchPart<Request>] = []
        /// Those who have waited too long and have left the queue.
        var expired: [Request] = []
        /// Since when the instance was free and they were left to wait for company; `nil` when they weren't.
        var gatheringSince: MonotonicTime?
        /// What else can be done.
        var change = OnChange.nothing
    }

    /// What became of a request that wants to wait.
    enum OnEnqueue {
        /// It waits.
        case waits(RequestTicket, OnChange)
        /// Its priority has as many as its policy allows.
        case isFull
        /// It can't be promised an answer by its deadline: so many nanoseconds are needed.
        case isTooLate(nanoseconds: UInt64)
        /// All instances are lost, and the last try to make one has failed.
        case isGone
    }

    let rules: Rules
    var idle: [Int]
    var queue: RequestQueue<Request>
    var curves: [UInt64: CostCurve] = [:]
    /// The curve of a bucket of which nothing is known.
    let unmeasured: CostCurve
    /// When each curve was last told of a run, in runs.
    var lastRuns: [UInt64: UInt64] = [:]
    var runs: UInt64 = 0
    /// Whether requests may share a run: proved, or declared by the user.
    private(set) var isJoining: Bool
    /// Instances that were asked for and haven't been taken up.
    private(set) var called = 0
    /// Chooses sizes and waits where the user wrote a goal.
    private(set) var goal: LatencyGoal?
    /// When the oldest request of each instance's run joined the queue, and how many it has; kept only for a goal.
    private var underWay: [Int: (oldest: MonotonicTime, requests: Int)] = [:]
    /// By how much runs end later than expected.
    private(set) var punctuality = Punctuality()
    /// Since when requests wait for company although an instance is free.
    var gatheringSince: MonotonicTime?
    var repair: InstanceRepair
    /// Requests from this number on don't start yet; only where order is kept.
    private(set) var startLimit = UInt64.max

    /// Starts with every instance idle.
    ///
    /// - Parameters:
    ///   - rules: The configuration's part.
    ///   - isJoining: Whether requests may share runs from the beginning.
    init(rules: Rules, isJoining: Bool = false) {
        self.rules = rules
        self.idle = Array((0..<max(1, rules.instances)).reversed())
        self.queue = RequestQueue(
            rules: rules.queue,
            countsKinds: rules.batching.maxDelay > 0 || !rules.batching.preferredSizes.isEmpty
        )
        self.unmeasured = CostCurve(rules.batching.allowedSizes)
        self.goal = rules.batching.latencyGoal.map(LatencyGoal.init)
        self.repair = InstanceRepair(instances: max(1, rules.instances))
        self.isJoining = isJoining && rules.batching.isAllowed
    }

    /// Requests that wait for an instance.
    var waiting: Int { queue.count }

    /// Requests that wait or run, where there is a goal; one that is spread over instances waits until its last part runs.
    var present: Int { underWay.values.reduce(queue.count) { $0 + $1.requests } }

    /// Takes an idle instance for a run outside of the queue, if nobody waits for it.
    mutating func takeIdleInstance() -> Int? {
        queue.isEmpty ? idle.popLast() : nil
    }

    /// Lets requests share runs from now on, or no more.
    mutating func setJoining(_ isJoining: Bool) {
        self.isJoining = isJoining && rules.batching.isAllowed
    }

    /// A request joins the queue.
    mutating func enqueue(_ entry: QueueEntry<Request>, now: MonotonicTime) -> OnEnqueue {
        if repair.isHopeless { return .isGone }
        var entry = entry
        // In the order of arrival means: whoever asks.
        if rules.batching.preservesOrdering { entry.caller = "" }
        if let deadline = entry.deadline {
            let traits = entry.traits
            let time = expectedTime(traits)
            let needed = neededTime(traits, expected: time, now: now)
            guard isInTime(deadline, needing: needed, now: now) else {
                return .isTooLate(nanoseconds: needed)
            }
            entry.expectedEnd = time.map { now.advanced(byNanoseconds: Int64(clamping: $0)) }
        }
        guard let ticket = queue.append(entry) else { return .isFull }
        // First, since it reads all of the machine while the goal is written.
        let present = present
        goal?.requestArrived(present: present, now: now)
        return .waits(ticket, change(now: now))
    }

    /// A request is called back; `nil` when it waits no more.
    mutating func withdraw(_ ticket: RequestTicket, now: MonotonicTime) -> Request? {
        punctuality.requestLeft(expectedEnd: queue.entry(at: ticket)?.expectedEnd, now: now)
        return queue.remove(ticket)
    }

    /// An engine thread has taken an instance up.
    mutating func instanceStarted(_ instance: Int, now: MonotonicTime) -> OnStart {
        called -= 1
        var start = OnStart(expired: expire(now: now))
        guard let first = queue.first(), isDue(first, now: now) else {
            idle.append(instance)
            start.change.wakeAt = wakeTime(now: now)
            return start
        }
        noteStart(with: first, now: now)
        start.parts = queue.take(maxRows: size(for: first), isOrdered: rules.batching.preservesOrdering)
        start.gatheringSince = gatheringSince.take()
        if goal != nil { underWay[instance] = (first.enqueued, start.parts.count { $0.isLast }) }
        punctuality.runStarted(on: instance, expectedEnd: first.expectedEnd)
        // What is left is for the next idle instance, without a new request having to come first.
        start.change = change(now: now)
        return start
    }

    /// An instance has finished a run.
    ///
    /// - Parameters:
    ///   - instance: Which.
    ///   - bucket: The bucket that it ran.
    ///   - rows: How many rows; 0 for a run that tells nothing of costs.
    ///   - nanoseconds: How long the run took.
    ///   - isLost: Whether the instance is gone with it.
    ///   - now: The time.
    /// - Returns: What can be done next.
    mutating func runEnded(
        instance: Int,
        bucket: UInt64,
        rows: Int,
        nanoseconds: UInt64?,
        isLost: Bool = false,
        now: MonotonicTime
    ) -> OnChange {
        if let nanoseconds, rows > 0 { learn(bucket, rows: rows, nanoseconds: nanoseconds) }
        punctuality.runEnded(on: instance, now: now)
        if let run = underWay.removeValue(forKey: instance) {
            goal?.runEnded(oldest: now.nanoseconds(since: run.oldest), now: now)
        }
        if isLost {
            repair.lost(instance, now: now)
        } else {
            if !repair.isWell { repair.ran(instance) }
            idle.append(instance)
        }
        return change(now: now)
    }

    /// Has requests from this number on wait, because too many answers wait for those before them.
    mutating func setStartLimit(_ number: UInt64, now: MonotonicTime) -> OnChange {
        guard number != startLimit else { return .nothing }
        startLimit = number
        return change(now: now)
    }

    /// Time has passed: says who has waited too long, and what can start.
    mutating func timePassed(now: MonotonicTime) -> (expired: [Request], OnChange) {
        (expire(now: now), change(now: now))
    }
}

extension BatchingStateMachine {
    /// Tells the goal that a run begins, and whether all who were to come had come.
    private mutating func noteStart(with first: QueueEntry<Request>, now: MonotonicTime) {
        guard goal != nil else { return }
        let isFull = rules.batching.isComplete(rows: queue.rows(like: first), limit: limit(first.bucket))
        let end = isFull ? nil : waitEnd(for: first)
        let hasWaited = end.map { now >= $0 } ?? false
        let present = present
        goal?.runStarted(present: present, mayWait: end != nil, hasWaited: hasWaited)
    }

    /// Those who have waited too long; if their runs should have been over by now, that is news for those to come.
    private mutating func expire(now: MonotonicTime) -> [Request] {
        let (expired, expected) = queue.expire(now: now)
        punctuality.requestLeft(expectedEnd: expected, now: now)
        return expired
    }

    /// What can be done now that something is different.
    mutating func change(now: MonotonicTime) -> OnChange {
        var change = OnChange()
        var patienceEnds: MonotonicTime?
        if let first = queue.first(), isDue(first, now: now), !isCovered(first) {
            patienceEnds = waitForCompany(first, now: now)
            if patienceEnds == nil, let instance = idle.popLast() {
                change.instance = instance
                called += 1
            }
        }
        if !repair.isWell { change.repair = repair.takeDue(now: now) }
        change.wakeAt = wakeTime(now: now)
        if let patienceEnds {
            gatheringSince = gatheringSince ?? now
            change.wakeAt = change.wakeAt.map { min($0, patienceEnds) } ?? patienceEnds
        }
        return change
    }

    /// Whether instances that have been called will take everybody who waits.
    private func isCovered(_ first: QueueEntry<Request>) -> Bool {
        guard called > 0 else { return false }
        guard isJoining else { return queue.count <= called }
        return queue.rows <= limit(first.bucket).multipliedReportingOverflow(by: called).partialValue
    }
}
