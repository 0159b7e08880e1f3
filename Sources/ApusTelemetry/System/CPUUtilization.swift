package import ApusCore

/// The share of processor time in use between two scrapes.
///
/// Pure: readings and time come in. Scrapes less than a second apart share a value, because a few ticks say nothing.
package struct CPUUtilization: Sendable {
    /// The shortest span that is measured, in nanoseconds.
    package static let shortestSpan: UInt64 = 1_000_000_000

    /// The share last computed, 0 to 1; 0 until a span has passed.
    package private(set) var value = 0.0
    private var baseline: (times: CPUTimes, at: MonotonicTime)?

    /// Starts without a reading.
    package init() {}

    /// Whether a reading at this time would be used.
    package func isDue(now: MonotonicTime) -> Bool {
        guard let baseline else { return true }
        return now.nanoseconds(since: baseline.at) >= CPUUtilization.shortestSpan
    }

    /// Takes a reading in; one that isn't due is ignored.
    package mutating func sampled(_ times: CPUTimes, now: MonotonicTime) {
        guard isDue(now: now) else { return }
        if let baseline { value = share(from: baseline.times, to: times) }
        baseline = (times, now)
    }

    /// The share between two readings; the kernel lets single counters run back, so nothing may underflow.
    private func share(from old: CPUTimes, to new: CPUTimes) -> Double {
        guard new.total > old.total else { return value }
        let total = new.total - old.total
        let idle = new.idle > old.idle ? min(new.idle - old.idle, total) : 0
        return Double(total - idle) / Double(total)
    }
}
