internal import ApusCore

/// Chooses sizes and waits of runs so that the 99th percentile of latency stays within a goal, and no better than needed:
/// time that the goal leaves over is spent on larger, cheaper runs.
///
/// A request may wait for one run under way and then takes part in its own, so a run may last half of the goal. Waiting
/// for company happens only while further requests are likely to come in the time that is left over: by the rate at
/// which they came lately, and by how many were there at once lately. Clients that wait for their answers send nothing
/// meanwhile, so when as many are there as there ever are, waiting would only keep them from sending more. What is
/// allowed shrinks by a tenth with each run whose oldest request was late and grows by a thousandth with each that was in
/// time: in balance, one run in a hundred is late.
///
/// Pure: told the time and what was measured.
struct LatencyGoal: Sendable {
    /// The 99th percentile wanted, in nanoseconds, from joining the queue to the end of the run.
    let nanoseconds: Int64
    /// The part of the goal that is used now.
    private(set) var share = 1.0
    /// Nanoseconds between two requests: a moving average; `nil` until two have come.
    private(set) var interval: Double?
    private var lastArrival: MonotonicTime?
    /// The most requests that were waiting or running at once; fades with each run.
    private var crowd = 0.0

    private static let leastShare = 0.05
    private static let growth = 0.001
    private static let shrinkage = 0.9
    private static let weight = 0.05
    /// By how much of itself `crowd` fades with a run.
    private static let fading = 1.0 / 64

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
        interval = interval.map { $0 + LatencyGoal.weight * (elapsed - $0) } ?? elapsed
    }

    /// A run has ended whose oldest request had joined the queue so long ago.
    mutating func runEnded(oldest elapsed: UInt64) {
        crowd -= crowd * LatencyGoal.fading
        if elapsed > UInt64(nanoseconds) {
            share = max(LatencyGoal.leastShare, share * LatencyGoal.shrinkage)
        } else {
            share = min(1, share + LatencyGoal.growth)
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

    /// How long a request may wait for company before its run begins.
    ///
    /// - Parameters:
    ///   - runCost: What a run of the size aimed at costs, in nanoseconds.
    ///   - present: How many requests wait or run now.
    /// - Returns: Nanoseconds; 0 when nobody is likely to come.
    func wait(runCost: UInt64, present: Int) -> Int64 {
        guard let interval, present < Int(crowd.rounded()) else { return 0 }
        let slack = allowed - 2 * Double(runCost)
        guard slack > 0, slack >= interval else { return 0 }
        return Int64(min(slack, Double(nanoseconds), 1e18))
    }

    /// Nanoseconds of the goal that are used now.
    private var allowed: Double { Double(nanoseconds) * share }
}
