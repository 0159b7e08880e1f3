internal import ApusCore

/// Decides whether a model that may run on event loops should gather requests into batches instead, because there are
/// so many of them that a joint run saves more than the hop to an engine thread costs.
///
/// Pure. It goes by how much of the time event loops spend in the model's runs: while that is little, running at once is
/// the fastest; when it is much, it pays to queue, provided that rows in company cost clearly less.
struct LoadGauge {
    /// What a request's way through the queue costs the server, in nanoseconds: locks, a share of a thread's wake-up,
    /// the answer's way back.
    static let queueingCost: Double = 8_000
    /// What company must save for requests to begin gathering, in nanoseconds.
    ///
    /// Half as much again: near the point where both cost the same, who runs at once is answered sooner, and a machine that is
    /// slow for a moment makes runs seem longer than the way through the queue, which is then longer as well.
    static let neededSaving: Double = 12_000
    /// The part of one core that runs on event loops may take before batches are tried.
    static let busyShare = 0.25
    /// How long the part is measured over, in nanoseconds.
    static let window: Int64 = 5_000_000
    /// So many windows in a row must be busy: what comes at once because its sender was held up is soon done.
    static let neededWindows = 4
    /// A run counts for at most so many typical ones: the rest of a long one the system gave to somebody else.
    static let longestRun: Double = 4
    /// How long batches are kept up before the question is asked again, in nanoseconds.
    static let term: Int64 = 200_000_000
    /// Terms after which requests run on event loops for one window, so that what a run costs there is measured anew.
    ///
    /// It was measured before the first term, and a machine that was slow for that moment would have the model gather for
    /// ever.
    static let termsInARow = 10
    /// Joint runs after which it shows whether requests find company.
    static let trialRuns = 64
    /// How long batches are not tried again when they were no gain, in nanoseconds; doubles.
    static let firstPause: Int64 = 1_000_000_000
    private static let longestPause: Int64 = 60_000_000_000

    private var windowStart = MonotonicTime(nanoseconds: 0)
    private var busy: Double = 0
    private var busyWindows = 0
    private var typicalRun: Double?
    private var batchingUntil: MonotonicTime?
    private var pausedUntil: MonotonicTime?
    private var pause = LoadGauge.firstPause
    private var runs = 0
    private var parts = 0
    private var terms = 0
    /// Whether requests gather from the first one on, because they did with the predecessor.
    private var beginsGathering = false

    /// Knows nothing yet.
    init() {}

    /// What the version that takes this one's place knows of the load: whether requests gather now, and how long they are not
    /// to be gathered again.
    func heir(now: MonotonicTime) -> LoadGauge {
        var heir = self
        (heir.busy, heir.busyWindows) = (0, 0)
        (heir.runs, heir.parts, heir.terms) = (0, 0, 1)
        heir.batchingUntil = nil
        heir.beginsGathering = gathers(now: now)
        return heir
    }

    /// The version's first requests are about to come.
    mutating func takeOver(now: MonotonicTime) {
        // It has to prove first that requests may share runs, and to learn what that saves.
        if beginsGathering { batchingUntil = now.advanced(byNanoseconds: LoadGauge.term) }
        beginsGathering = false
    }

    /// Whether requests should queue now.
    func gathers(now: MonotonicTime) -> Bool {
        batchingUntil.map { now < $0 } ?? false
    }

    /// A run on an event loop ended.
    ///
    /// - Parameters:
    ///   - wall: How long it took, in nanoseconds.
    ///   - now: The time.
    /// - Returns: Whether such runs take so much that `considerGathering` should be asked.
    mutating func ranInline(wall: UInt64, now: MonotonicTime) -> Bool {
        // Steps towards the median: now and then the system runs somebody else in the middle of a run.
        let wall = Double(max(1, wall))
        let typical = typicalRun.map { $0 * (wall > $0 ? 1.05 : 0.95) } ?? wall
        typicalRun = typical
        busy += min(wall, LoadGauge.longestRun * typical)
        let elapsed = now.nanoseconds(since: windowStart)
        guard elapsed >= UInt64(LoadGauge.window) else { return false }
        busyWindows = busy >= LoadGauge.busyShare * Double(elapsed) ? busyWindows + 1 : 0
        windowStart = now
        busy = 0
        return busyWindows >= LoadGauge.neededWindows && pausedUntil.map { now >= $0 } ?? true
    }

    /// Begins to gather, if a run of several requests may save more than their way through the queue costs.
    ///
    /// - Parameters:
    ///   - jointRow: What a row costs in company, in nanoseconds, where that is known.
    ///   - now: The time.
    mutating func considerGathering(jointRow: Double?, now: MonotonicTime) {
        // Unknown: a run can't save more than it costs.
        guard let typicalRun, typicalRun - (jointRow ?? 0) > LoadGauge.neededSaving else { return }
        batchingUntil = now.advanced(byNanoseconds: LoadGauge.term)
        (runs, parts, terms) = (0, 0, 1)
    }

    /// A run on an engine thread ended.
    ///
    /// - Parameters:
    ///   - parts: How many requests, or parts of them, it had; `nil` while nobody knows yet whether they may share runs.
    ///   - jointRow: What a row costs in company, in nanoseconds, where that is known.
    ///   - now: The time.
    mutating func ranBatch(parts: Int?, jointRow: Double?, now: MonotonicTime) {
        guard let until = batchingUntil else { return }
        if let parts, now < until {
            runs += 1
            self.parts += parts
        }
        let isInCompany = runs > 0 && self.parts >= 2 * runs
        guard now >= until || (runs >= LoadGauge.trialRuns && !isInCompany) else { return }
        let hasTried = runs > 0
        batchingUntil = nil
        (runs, self.parts) = (0, 0)
        // Too late to say anything of the load now.
        guard now <= until.advanced(byNanoseconds: LoadGauge.term), let typicalRun else { return }
        if isInCompany, typicalRun - (jointRow ?? typicalRun) > LoadGauge.queueingCost {
            pause = LoadGauge.firstPause
            guard terms < LoadGauge.termsInARow else {
                // The load has lasted already: one window is enough to go on.
                (windowStart, busy, busyWindows) = (now, 0, LoadGauge.neededWindows - 1)
                return
            }
            batchingUntil = now.advanced(byNanoseconds: LoadGauge.term)
            terms += 1
        } else if hasTried {
            pausedUntil = now.advanced(byNanoseconds: pause)
            pause = min(pause * 2, LoadGauge.longestPause)
        } else {
            pausedUntil = now.advanced(byNanoseconds: LoadGauge.firstPause)
        }
    }
}
