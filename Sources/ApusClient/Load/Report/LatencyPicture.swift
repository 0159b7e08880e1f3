internal import Histogram

/// A histogram drawn with characters: latencies in steps of 1, 2 and 5, which look even on a logarithmic scale.
package struct LatencyPicture: Sendable {
    /// One bar.
    package struct Bar: Sendable, Hashable {
        /// The largest latency counted in it, in nanoseconds.
        package let upperBound: UInt64
        /// How many latencies it has.
        package private(set) var count: UInt64

        /// Counts more of them.
        fileprivate mutating func add(_ more: UInt64) { count += more }
    }

    /// The bars from the first to the last that isn't empty.
    package let bars: [Bar]

    /// Sorts what a load test saw into bars.
    package init(_ outcome: LoadOutcome) {
        var bars = LatencyPicture.bounds.map { Bar(upperBound: $0, count: 0) }
        var index = 0
        for step in outcome.latencies.recordedValues() {
            while index < bars.count - 1, step.value > bars[index].upperBound { index += 1 }
            bars[index].add(step.countAddedInThisIterationStep)
        }
        let first = bars.firstIndex { $0.count > 0 } ?? 0
        let last = bars.lastIndex { $0.count > 0 } ?? -1
        self.bars = first <= last ? Array(bars[first...last]) : []
    }

    /// One line for each bar.
    package var text: String {
        let all = bars.reduce(0) { $0 + $1.count }
        let longest = bars.map(\.count).max() ?? 0
        var table = TextTable([.init("UP TO", .right), .init("SHARE", .decimal), .init("")])
        for bar in bars {
            let share = Double(bar.count) / Double(max(1, all)) * 100
            let title = LatencyPicture.title(bar.upperBound)
            let line = BlockBar.text(Double(bar.count), of: Double(longest))
            table.append([title, FixedPoint.text(share, decimals: 2) + " %", line])
        }
        return table.text
    }

    /// 1, 2 and 5 of each power of ten from a microsecond to an hour and more.
    private static let bounds: [UInt64] = {
        var bounds: [UInt64] = []
        var decade: UInt64 = 1_000
        while decade <= LoadOutcome.maxLatency {
            bounds += [decade, 2 * decade, 5 * decade]
            decade *= 10
        }
        return bounds
    }()

    /// The bounds are round numbers, so they need no decimals.
    private static func title(_ nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case ..<1_000_000: "\(nanoseconds / 1_000) µs"
        case ..<1_000_000_000: "\(nanoseconds / 1_000_000) ms"
        default: "\(nanoseconds / 1_000_000_000) s"
        }
    }
}
