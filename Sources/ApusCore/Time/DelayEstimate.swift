/// What a delay will hardly exceed, learnt from how long it was: the moving averages of mean and mean deviation by which
/// TCP estimates its round trips (RFC 6298), though with twice the deviation and not four times, since a guess too high
/// refuses work that could have been done.
///
/// Forgets while nothing is observed, so that a bad moment can't keep away for ever the requests that would show that it is
/// over.
package struct DelayEstimate: Sendable {
    /// Nanoseconds without an observation after which half is forgotten.
    private static let halfLife: UInt64 = 20_000_000

    private var mean: Int64 = 0
    private var deviation: Int64 = 0
    private var last: MonotonicTime?

    /// Nothing has been observed.
    package init() {}

    /// Notes how long it was this time.
    ///
    /// - Parameters:
    ///   - nanoseconds: The delay; negative when something came sooner than foretold.
    ///   - now: When it was over.
    package mutating func observe(_ nanoseconds: Int64, now: MonotonicTime) {
        let sample = max(-Self.limit, min(nanoseconds, Self.limit))
        defer { last = now }
        guard last != nil else {
            mean = sample
            deviation = abs(sample) / 2
            return
        }
        deviation += (abs(sample - mean) - deviation) / 4
        mean += (sample - mean) / 8
    }

    /// Nanoseconds that it will hardly exceed; 0 while nothing is known.
    package func bound(now: MonotonicTime) -> UInt64 {
        guard let last else { return 0 }
        let bound = UInt64(max(0, mean + 2 * deviation))
        let halvings = now.nanoseconds(since: last) / Self.halfLife
        return halvings < 63 ? bound >> halvings : 0
    }

    /// An hour; keeps the sums from overflowing.
    private static let limit: Int64 = 3_600_000_000_000
}
