internal import ApusCore

/// Chooses sizes and waits of runs so that the 99th percentile of latency stays within a goal, and no better than needed:
/// time that the goal leaves over is spent on larger, cheaper runs.
///
/// A request may wait for one run under way and then takes part in its own, so a run may last half of the goal. Waiting
/// for company happens only while further requests are likely to come in the time that is left over:
///
/// - By the rate at which they came lately. A silence of several times the usual ends a wait.
/// - By how many there are. Clients that wait for their answers send nothing meanwhile, so when as many are there as there
///   were lately, waiting would only keep them from sending more. A wait that ended without so many shows that there are
///   fewer now. Now and then a run waits all the same: requests that don't wait for each other's answers are found so.
///
/// What is allowed shrinks by a tenth with each run whose oldest request was late and grows by a thousandth of itself with
/// each that was in time: in balance, one run in a hundred is late.
///
/// Pure: told the time and what was measured.
struct LatencyGoal: Sendable {
    /// The 99th percentile wanted, in nanoseconds, from joining the queue to the end of the run.
    let nanoseconds: Int64
    /// The part of the goal that is used now.
    private(set) var share = 1.0
    /// The usual gap between two requests, in nanoseconds; `nil` until two have come.
    ///
    /// A moving average in which a long gap counts for little: bursts make it short, whatever the rate.
    private(set) var interval: Double?
    private var lastArrival: MonotonicTime?
    /// When a run ended last: those that it answered may send again.
    private var lastEnd = MonotonicTime(nanoseconds: 0)
    /// The most requests that were waiting or running at once, as far as is known now.
    private(set) var crowd = 0.0
    /// What that was when the last run began.
    private var crowdBefore = 0.0
    /// Runs until one waits although as many are there as ever.
    private var runsUntilTrial = 0
    private var nextPause = LatencyGoal.firstPause

    private static let leastShare = 0.05
    private static let growth = 0.001
    private static let shrinkage = 0.9
    private static let weight = 0.05
    /// A silence of so many intervals ends a wait, and counts for no more in the average.
    static let patience = 4.0
    /// No silence is shorter, in nanoseconds: clients that have just been answered need some time to send again.
    private static let shortestSilence = 100_000.0
    /// How much of the way to what there is `crowd` goes when a wait was in vain.
    private static let correction = 0.75
    /// Runs between two trials; doubles while trials bring nobody.
    private static let firstPause = 64
    private static let longestPause = 4096

    /// Starts with the whole goal to use.
    init(nanoseconds: Int64) {
        self.nanoseconds = max(1, nanoseconds)
    }

    /// A request has come.
    ///
    /// - Parameters:
    ///   - present: How many wait or run now, this one included.
    ///   - now: The time.
    mutating func requestArrived(present: Int, now: MonotonicTime) {
        crowd = max(crowd, Double(present))
        defer { lastArrival = now }
        guard let lastArrival else { return }
        let elapsed = min(Double(now.nanoseconds(since: lastArrival)), 1e12)
        guard let interval else {
            self.interval = elapsed
            return
        }
        // An interval of 0 would never grow again.
        let bounded = min(elapsed, LatencyGoal.patience * max(interval, 1))
        self.interval = interval + LatencyGoal.weight * (bounded - interval)
    }

    /// A run begins.
    ///
    /// - Parameters:
    ///   - present: How many wait or run now.
    ///   - mayWait: Whether it could have been left to wait.
    ///   - hasWaited: Whether it was, until nobody more was likely to come.
    mutating func runStarted(present: Int, mayWait: Bool, hasWaited: Bool) {
        defer { crowdBefore = crowd }
        if hasWaited, Double(present) < crowd { crowd -= (crowd - Double(present)) * LatencyGoal.correction }
        guard runsUntilTrial == 0 else {
            runsUntilTrial -= 1
            return
        }
        guard mayWait else { return }
        nextPause = crowd > crowdBefore ? LatencyGoal.firstPause : min(nextPause * 2, LatencyGoal.longestPause)
        runsUntilTrial = nextPause
    }

    /// A run has ended whose oldest request had joined the queue so long ago.
    mutating func runEnded(oldest elapsed: UInt64, now: MonotonicTime) {
        lastEnd = now
        if elapsed > UInt64(nanoseconds) {
            share = max(LatencyGoal.leastShare, share * LatencyGoal.shrinkage)
        } else {
            share = min(1, share * (1 + LatencyGoal.growth))
        }
    }

    /// The most rows of a run, out of what a size may be: the largest that ends within half of what the goal allows.
    ///
    /// - Parameters:
    ///   - curve: What runs cost.
    ///   - largest: The most rows that are allowed at all.
    /// - Returns: At least 1.
    func limit(_ curve: CostCurve, largest: Int) -> Int {
        var limit = 1
        while limit < largest, let cost = curve.cost(rows: limit * 2), Double(cost) <= allowed / 2 { limit *= 2 }
        return min(limit, largest)
    }

    /// Until when a request waits for company before its run begins.
    ///
    /// - Parameters:
    ///   - first: When it joined the queue.
    ///   - runCost: What a run of the size aimed at costs, in nanoseconds.
    ///   - present: How many requests wait or run now.
    /// - Returns: `nil` when nobody is likely to come.
    func waitEnd(first: MonotonicTime, runCost: UInt64, present: Int) -> MonotonicTime? {
        guard let interval, let lastArrival, present < Int(crowd.rounded()) || runsUntilTrial == 0 else { return nil }
        let slack = allowed - 2 * Double(runCost)
        guard slack > 0, slack >= interval else { return nil }
        let end = first.advanced(byNanoseconds: Int64(min(slack, Double(nanoseconds), 1e18)))
        let silence = Int64(min(max(LatencyGoal.patience * interval, LatencyGoal.shortestSilence), 1e18))
        return min(end, max(lastArrival, lastEnd).advanced(byNanoseconds: silence))
    }

    /// Nanoseconds of the goal that are used now.
    private var allowed: Double { Double(nanoseconds) * share }
}
