internal import ApusCore

/// Decides whether a model's runs are cheaper than a thread hop, so that they may run on the event loop.
///
/// Pure: it is told what runs cost. A shape must have been measured on an engine thread a few times first. A run on the
/// event loop that took long makes the policy suspicious, since the system may only have run somebody else meanwhile: the
/// next runs are measured by what they cost their thread, and when enough of them were really slow, or one very slow, the
/// model leaves the event loop for a while that doubles each time.
struct InlinePolicy {
    /// Why a model never runs on the event loop.
    enum Ban: String {
        /// The user has switched such runs off.
        case configuration = "the server's configuration says inline_runs: false"
        /// It may wait for its client between answers.
        case decoupled = "the model may give several answers to a request"
        /// Sizes alone don't tell what a run costs.
        case dataDependentCost = "the values of the model's inputs may decide how long a run takes"

        /// What speaks against a model; `nil` for nothing.
        init?(isAllowed: Bool, isDecoupled: Bool, hasDataDependentCost: Bool) {
            if !isAllowed {
                self = .configuration
            } else if isDecoupled {
                self = .decoupled
            } else if hasDataDependentCost {
                self = .dataDependentCost
            } else {
                return nil
            }
        }
    }

    private let ban: Ban?
    /// Runs up to this long are cheaper than a hop, in nanoseconds.
    static let limit: UInt64 = 60_000
    /// Runs measured exactly after one that took long.
    static let suspiciousRuns = 16
    /// Slow runs among those that end it.
    static let maxStrikes = 8
    /// One run that costs so much ends it, in nanoseconds.
    static let unbearable: UInt64 = 20_000_000
    /// How long the model first stays away from the event loop, in nanoseconds.
    static let firstCooldown: Int64 = 1_000_000_000
    /// How long at most, in nanoseconds.
    static let longestCooldown: Int64 = 600_000_000_000
    /// How sure a shape's measurements must be.
    static let neededScore = 4
    private static let maxShapes = 64

    private var scores: [UInt64: Int] = [:]
    /// When each shape was last measured, in runs on engine threads.
    private var lastRuns: [UInt64: UInt64] = [:]
    private var runs: UInt64 = 0
    private var lastShape: UInt64 = 0
    private var isLastShapeFast = false
    private var suspicion = 0
    private var strikes = 0
    private var cooldown = InlinePolicy.firstCooldown
    private var blockedUntil: MonotonicTime?

    init(ban: Ban? = nil) {
        self.ban = ban
    }

    /// Whether a request with inputs of this shape may run on its event loop now.
    func mayRunInline(shape: UInt64, now: MonotonicTime) -> Bool {
        guard ban == nil else { return false }
        if let blockedUntil, now < blockedUntil { return false }
        if shape == lastShape { return isLastShapeFast }
        return scores[shape, default: 0] >= InlinePolicy.neededScore
    }

    /// A run on an engine thread cost so much.
    mutating func ranOnPool(shape: UInt64, cost: UInt64) {
        guard ban == nil else { return }
        if scores[shape] == nil, scores.count >= InlinePolicy.maxShapes {
            // The one that has been away from engine threads for longest, and isn't on event loops either.
            let leaving = lastRuns.min {
                ((scores[$0.key] ?? 0) >= InlinePolicy.neededScore ? 1 : 0, $0.value)
                    < ((scores[$1.key] ?? 0) >= InlinePolicy.neededScore ? 1 : 0, $1.value)
            }
            if let leaving { (scores[leaving.key], lastRuns[leaving.key]) = (nil, nil) }
        }
        runs += 1
        lastRuns[shape] = runs
        let score = scores[shape, default: 0]
        let next =
            cost <= InlinePolicy.limit ? min(score + 1, InlinePolicy.neededScore) : max(0, score - 2)
        scores[shape] = next
        remember(shape, score: next)
    }

    /// What shapes cost so far says nothing of runs to come.
    mutating func forgetShapes() {
        scores.removeAll(keepingCapacity: true)
        lastRuns.removeAll(keepingCapacity: true)
        isLastShapeFast = false
    }

    /// Whether the next run on an event loop should be measured by what it costs its thread.
    var isSuspicious: Bool { suspicion > 0 }

    /// A run on an event loop took so long by the wall clock.
    mutating func ranInline(shape: UInt64, wall: UInt64) {
        rememberInline(shape)
        guard wall > InlinePolicy.limit else { return }
        suspicion = InlinePolicy.suspiciousRuns
        strikes = 0
    }

    /// A run on an event loop cost its thread so much.
    mutating func ranInline(shape: UInt64, cost: UInt64, now: MonotonicTime) {
        rememberInline(shape)
        suspicion = max(0, suspicion - 1)
        if cost > InlinePolicy.limit { strikes += cost > InlinePolicy.unbearable ? InlinePolicy.maxStrikes : 1 }
        if strikes >= InlinePolicy.maxStrikes { leave(now: now) }
    }

    /// One sentence for the statistics.
    func note(now: MonotonicTime) -> String {
        if let ban { return "runs on engine threads: \(ban.rawValue)" }
        if let blockedUntil, now < blockedUntil { return "runs on engine threads: recent runs were slow" }
        return scores.values.contains { $0 >= InlinePolicy.neededScore }
            ? "runs on the event loop: measured runs are cheaper than a thread hop"
            : "runs on engine threads: no measured shape is cheaper than a thread hop yet"
    }

    /// Runs of several event loops overlap: one that ends after the model has left must not bring its shape back.
    private mutating func rememberInline(_ shape: UInt64) {
        if shape != lastShape { remember(shape, score: scores[shape, default: 0]) }
    }

    private mutating func remember(_ shape: UInt64, score: Int) {
        lastShape = shape
        isLastShapeFast = score >= InlinePolicy.neededScore
    }

    private mutating func leave(now: MonotonicTime) {
        strikes = 0
        // Another run that overlapped this one may have ended it already.
        if let blockedUntil, now < blockedUntil { return }
        scores.removeAll(keepingCapacity: true)
        lastRuns.removeAll(keepingCapacity: true)
        isLastShapeFast = false
        suspicion = 0
        blockedUntil = now.advanced(byNanoseconds: cooldown)
        cooldown = min(cooldown * 2, InlinePolicy.longestCooldown)
    }
}
