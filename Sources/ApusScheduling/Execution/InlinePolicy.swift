internal import ApusCore

/// Decides whether a model's runs are cheaper than a thread hop, so that they may run on the event loop.
///
/// Pure: it is told how long runs took. A shape must have been measured on an engine thread a few times first; slow
/// runs count against the model, and after enough of them it leaves the event loop for a while that doubles each time.
/// A run's time includes the moments in which the system ran something else, so one slightly slow run proves nothing,
/// and one very slow run does.
struct InlinePolicy {
    /// What a model with control flow, or a user, may forbid.
    private let isAllowed: Bool
    /// Runs up to this long are cheaper than a hop, in nanoseconds.
    static let limit: UInt64 = 60_000
    /// A run this long ends it at once.
    static let unbearable: UInt64 = 20_000_000
    /// How sure a shape's measurements must be.
    static let neededScore = 4
    private static let maxShapes = 64
    private static let maxStrikes = 8

    private var scores: [UInt64: Int] = [:]
    private var lastShape: UInt64 = 0
    private var isLastShapeFast = false
    private var strikes = 0
    private var fastRuns = 0
    private var cooldown: Int64 = 5_000_000_000
    private var blockedUntil: MonotonicTime?

    init(isAllowed: Bool) {
        self.isAllowed = isAllowed
    }

    /// Whether a request with inputs of this shape may run on its event loop now.
    func mayRunInline(shape: UInt64, now: MonotonicTime) -> Bool {
        guard isAllowed else { return false }
        if let blockedUntil, now < blockedUntil { return false }
        if shape == lastShape { return isLastShapeFast }
        return scores[shape, default: 0] >= InlinePolicy.neededScore
    }

    /// A run on an engine thread took so long.
    mutating func ranOnPool(shape: UInt64, nanoseconds: UInt64) {
        guard isAllowed else { return }
        if scores[shape] == nil, scores.count >= InlinePolicy.maxShapes { scores.removeAll(keepingCapacity: true) }
        let score = scores[shape, default: 0]
        let next =
            nanoseconds <= InlinePolicy.limit ? min(score + 1, InlinePolicy.neededScore) : max(0, score - 2)
        scores[shape] = next
        remember(shape, score: next)
    }

    /// A run on an event loop took so long.
    mutating func ranInline(shape: UInt64, nanoseconds: UInt64, now: MonotonicTime) {
        remember(shape, score: InlinePolicy.neededScore)
        guard nanoseconds > InlinePolicy.limit else {
            fastRuns += 1
            if fastRuns >= 16 {
                fastRuns = 0
                strikes = max(0, strikes - 1)
            }
            return
        }
        strikes += nanoseconds > InlinePolicy.unbearable ? InlinePolicy.maxStrikes : nanoseconds > 5_000_000 ? 4 : 1
        if strikes >= InlinePolicy.maxStrikes { leave(now: now) }
    }

    /// One sentence for the statistics.
    func note(now: MonotonicTime) -> String {
        guard isAllowed else { return "runs on engine threads: the model has control flow or a long delay" }
        if let blockedUntil, now < blockedUntil { return "runs on engine threads: recent runs were slow" }
        return scores.values.contains { $0 >= InlinePolicy.neededScore }
            ? "runs on the event loop: measured runs are cheaper than a thread hop"
            : "runs on engine threads: no measured shape is cheaper than a thread hop yet"
    }

    private mutating func remember(_ shape: UInt64, score: Int) {
        lastShape = shape
        isLastShapeFast = score >= InlinePolicy.neededScore
    }

    private mutating func leave(now: MonotonicTime) {
        scores.removeAll(keepingCapacity: true)
        isLastShapeFast = false
        strikes = 0
        fastRuns = 0
        blockedUntil = now.advanced(byNanoseconds: cooldown)
        cooldown = min(cooldown * 2, 600_000_000_000)
    }
}
