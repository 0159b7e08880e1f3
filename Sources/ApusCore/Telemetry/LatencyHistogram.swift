/// Counts latencies in fixed buckets, for a Prometheus histogram in seconds.
package struct LatencyHistogram: Sendable {
    /// Upper bounds of the buckets, in nanoseconds; the last bucket, beyond them, has no bound.
    package static let upperBounds: [UInt64] = [
        10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
        1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
        100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 10_000_000_000,
    ]

    /// Events in each bucket, not cumulated.
    package private(set) var counts = [UInt64](repeating: 0, count: upperBounds.count + 1)
    /// The sum of all latencies, in nanoseconds.
    package private(set) var nanoseconds: UInt64 = 0

    /// Starts at zero.
    package init() {}

    /// Counts one latency.
    package mutating func record(nanoseconds elapsed: UInt64) {
        var bucket = 0
        while bucket < LatencyHistogram.upperBounds.count, elapsed > LatencyHistogram.upperBounds[bucket] {
            bucket += 1
        }
        counts[bucket] &+= 1
        nanoseconds &+= elapsed
    }

    /// Adds what somebody else counted.
    package mutating func add(_ other: LatencyHistogram) {
        for bucket in counts.indices { counts[bucket] &+= other.counts[bucket] }
        nanoseconds &+= other.nanoseconds
    }
}
