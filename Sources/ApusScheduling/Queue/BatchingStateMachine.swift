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
        /// Its deadline would pass before it could run: so many nanoseconds stand before it.
        case isTooLate(nanoseconds: UInt64)
        /// All instances are lost, and the last try to make one has failed.
        case isGone
    }

    private let rules: Rules
    private var idle: [Int]
    private var queue: RequestQueue<Request>
    private(set) var curves: [UInt64: CostCurve] = [:]
    /// The curve of a bucket of which nothing is known.
    private let unmeasured: CostCurve
    /// When each curve was last told of a run, in runs.
    private var lastRuns: [UInt64: UInt64] = [:]
    private var runs: UInt64 = 0
    /// Whether requests may share a run: proved, or declared by the user.
    private(set) var isJoining: Bool
    /// Instances that were asked for and haven't been taken up.
    private var called = 0
    /// Chooses sizes and waits where the user wrote a goal.
    private var goal: LatencyGoal?
    /// When the oldest request of each instance's run joined the queue; kept only for a goal.
    private var oldest: [Int: MonotonicTime] = [:]
    /// By how much runs end later than expected.
    private var punctuality = Punctuality()
    /// Since when requests wait for company although an instance is free.
    private var gatheringSince: MonotonicTime?
    private var repair: InstanceRepair
    /// Requests from this number on don't start yet; only where order is kept.
    private var startLimit = UInt64.max
    private static var maxCurves: Int { 64 }
    /// The most rows of a large request in one run, whatever was measured.
    private static var maxPart: Int { 4096 }
    /// Runs of up to half a millisecond are short: to wait for one costs less than a run of one's own.
    private static var shortRun: UInt64 { 500_000 }
    /// The longest that a request waits for a run that should have been short.
    private static var patience: Int64 { 5_000_000 }

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
        if let deadline = entry.deadline {
            let time = expectedTime(entry)
            // Where nothing waits the run's own cost refuses nobody: nothing would ever show that it is less by now.
            let startsSoon = queue.isEmpty && (isJoining && !entry.isAlone || !idle.isEmpty)
            let needed = (startsSoon ? 0 : time ?? 0) + punctuality.bound(now: now) + entry.delivery
            guard now.advanced(byNanoseconds: Int64(clamping: needed)) <= deadline else {
                return .isTooLate(nanoseconds: needed)
            }
            entry.expectedEnd = time.map { now.advanced(byNanoseconds: Int64(clamping: $0)) }
        }
        // In the order of arrival means: whoever asks.
        if rules.batching.preservesOrdering { entry.caller = "" }
        guard let ticket = queue.append(entry) else { return .isFull }
        goal?.requestArrived(now: now)
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
        start.parts = queue.take(maxRows: size(for: first), isOrdered: rules.batching.preservesOrdering)
        start.gatheringSince = gatheringSince.take()
        if goal != nil { oldest[instance] = first.enqueued }
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
        if let began = oldest.removeValue(forKey: instance) { goal?.runEnded(oldest: now.nanoseconds(since: began)) }
        if isLost {
            repair.lost(instance, now: now)
        } else {
            if !repair.isWell { repair.ran(instance) }
            idle.append(instance)
        }
        return change(now: now)
    }

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

    /// A run of so many rows failed, and the same rows in smaller runs didn't.
    mutating func sizeFailed(_ bucket: UInt64, rows: Int) {
        curves[bucket]?.failed(rows: rules.batching.allowedSizes.filled(rows))
    }

    /// What runs cost so far says nothing of those to come.
    mutating func forgetCosts() { (curves, lastRuns) = ([:], [:]) }

    /// Instances that aren't lost.
    var alive: Int { repair.alive }

    /// Whether none is left, and the last try to make one has failed.
    var isHopeless: Bool { repair.isHopeless }

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

    /// The measured costs of a bucket.
    func curve(of bucket: UInt64) -> CostCurve? { curves[bucket] }
}

extension BatchingStateMachine {
    /// Those who have waited too long; if their runs should have been over by now, that is news for those to come.
    private mutating func expire(now: MonotonicTime) -> [Request] {
        let (expired, expected) = queue.expire(now: now)
        punctuality.requestLeft(expectedEnd: expected, now: now)
        return expired
    }

    private mutating func learn(_ bucket: UInt64, rows: Int, nanoseconds: UInt64) {
        if curves[bucket] == nil, curves.count >= Self.maxCurves, let oldest = lastRuns.min(by: { $0.value < $1.value })
        {
            curves[oldest.key] = nil
            lastRuns[oldest.key] = nil
        }
        runs += 1
        lastRuns[bucket] = runs
        curves[bucket, default: unmeasured].record(rows: rows, nanoseconds: nanoseconds)
    }

    /// The most rows that a run of this bucket takes now.
    func limit(_ bucket: UInt64) -> Int {
        isJoining ? rules.batching.allowedSizes.limit(near: limitOfAnySize(bucket)) : 1
    }

    /// The most rows that a run of this bucket takes now, where it may have any number.
    private func limitOfAnySize(_ bucket: UInt64) -> Int {
        let batching = rules.batching
        let curve = curves[bucket] ?? unmeasured
        if let goal { return goal.limit(curve, largest: min(curve.largest, batching.maxRows ?? .max)) }
        let measured = curve.limit
        guard let maxRows = batching.maxRows else { return measured }
        // Who writes sizes or a delay has measured himself.
        return batching.preferredSizes.isEmpty && batching.maxDelay == 0 ? min(maxRows, measured) : maxRows
    }

    /// How many rows the run that begins with this request takes.
    private func size(for first: QueueEntry<Request>) -> Int {
        guard isJoining, !first.isAlone, !first.isRetry else { return max(first.rows, 1) }
        let limit = limit(first.bucket)
        guard first.rows > limit else {
            // One that is larger than the largest preferred size that is there runs whole all the same.
            return max(first.rowsLeft, rules.batching.size(rows: queue.rows(like: first), limit: limit))
        }
        // A large request is spread over the instances, in parts no smaller than the best size.
        let share = (first.rows + rules.instances - 1) / rules.instances
        return min(max(limit, share), rules.batching.maxRows ?? Self.maxPart)
    }

    /// Whether the run that begins with this request may start.
    private func isDue(_ first: QueueEntry<Request>, now: MonotonicTime) -> Bool {
        guard first.number < startLimit else { return false }
        let delay = delay(for: first)
        guard delay > 0, !first.isRetry else { return true }
        // Triton's rule: a request of another shape closes the batch. Who waits for company keeps nobody waiting who can't
        // be company.
        guard !queue.hasOthers(than: first) else { return true }
        return rules.batching.isComplete(rows: queue.rows(like: first), limit: limit(first.bucket))
            || now >= first.enqueued.advanced(byNanoseconds: delay)
    }

    /// How long a request waits for company although an instance is free, in nanoseconds: what the user wrote, or what
    /// the user's goal leaves over.
    private func delay(for first: QueueEntry<Request>) -> Int64 {
        guard isJoining else { return 0 }
        guard let goal, let curve = curves[first.bucket], let cost = curve.cost(rows: limit(first.bucket)) else {
            return rules.batching.maxDelay
        }
        return goal.wait(runCost: cost)
    }

    /// What can be done now that something is different.
    private mutating func change(now: MonotonicTime) -> OnChange {
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

    /// Until when those who wait had better wait for the run after the one that is under way; `nil` when not at all.
    ///
    /// A second run of few rows would take a processor from the threads that bring further requests, and pay for a whole
    /// run; the one under way is over in less time than that. Whoever fills a run of their own don't wait.
    private func waitForCompany(_ first: QueueEntry<Request>, now: MonotonicTime) -> MonotonicTime? {
        let batching = rules.batching
        // Who writes sizes or a delay has said what is worth waiting for.
        guard isJoining, goal == nil, batching.preferredSizes.isEmpty, batching.maxDelay == 0, !idle.isEmpty,
            idle.count + called < repair.alive, !first.isAlone, !first.isRetry, first.takenRows == 0,
            queue.rows < limit(first.bucket), let curve = curves[first.bucket], curve.isCheaperTogether,
            let run = cost(rows: queue.rows, by: curve), run <= Self.shortRun
        else { return nil }
        let end = first.enqueued.advanced(byNanoseconds: Self.patience)
        return now < end ? end : nil
    }

    /// Whether instances that have been called will take everybody who waits.
    private func isCovered(_ first: QueueEntry<Request>) -> Bool {
        guard called > 0 else { return false }
        guard isJoining else { return queue.count <= called }
        return queue.rows <= limit(first.bucket).multipliedReportingOverflow(by: called).partialValue
    }

    /// When somebody has waited too long, or long enough for company.
    private mutating func wakeTime(now: MonotonicTime) -> MonotonicTime? {
        var moment = queue.nextMoment()
        if !repair.isWell, let next = repair.nextMoment { moment = moment.map { min($0, next) } ?? next }
        guard rules.batching.maxDelay > 0 || goal != nil, !idle.isEmpty, let first = queue.first(),
            case let delay = delay(for: first), delay > 0
        else {
            if called == 0 { gatheringSince = nil }
            return moment
        }
        let due = first.enqueued.advanced(byNanoseconds: delay)
        guard due > now else { return moment }
        gatheringSince = gatheringSince ?? now
        return moment.map { min($0, due) } ?? due
    }

    /// How long a request would wait and run at least, in nanoseconds; `nil` while nothing is known of its bucket.
    private func expectedTime(_ entry: QueueEntry<Request>) -> UInt64? {
        guard let curve = curves[entry.bucket], let own = cost(rows: entry.rows, by: curve) else { return nil }
        guard idle.isEmpty || !queue.isEmpty else { return own }
        let ahead = queue.ahead(of: entry)
        let instances = Double(max(1, rules.instances))
        guard isJoining, !entry.isAlone else {
            return Self.nanoseconds(Double(own) * Double(ahead.requests) / instances + Double(own))
        }
        let size = max(1, min(ahead.rows, limit(entry.bucket)))
        guard let perRun = cost(rows: size, by: curve) else { return own }
        return Self.nanoseconds(Double(perRun) * Double(ahead.rows) / Double(size) / instances + Double(own))
    }

    /// A time as a whole number, however long it is.
    private static func nanoseconds(_ time: Double) -> UInt64 { UInt64(max(0, min(time, 1e18))) }

    /// Nanoseconds of a run, filled up where that is done; `nil` while nothing is known.
    private func cost(rows: Int, by curve: CostCurve) -> UInt64? {
        curve.cost(rows: isJoining ? rules.batching.allowedSizes.filled(rows) : rows)
    }
}
