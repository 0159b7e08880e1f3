package import ApusCore

/// When an event loop looks for answers next: at equal intervals, and at once when one has been missed.
package struct LookTimes: Sendable {
    private let interval: Duration
    private var last: MonotonicTime?

    /// Nothing has been looked for.
    package init(interval: Duration) {
        self.interval = interval
    }

    /// A look has ended.
    ///
    /// - Returns: Nanoseconds until the next one; 0 when it should have begun by now, and the intervals begin anew.
    package mutating func looked(now: MonotonicTime) -> UInt64 {
        let next = last?.advanced(by: interval) ?? now
        last = max(next, now)
        return next > now ? next.nanoseconds(since: now) : 0
    }
}
