/// What a version has done and learnt, as people read it in 80 columns.
package struct StatisticsPicture: Sendable {
    /// The most sizes of runs that are shown one by one; more are put together.
    static let maxSizes = 12
    /// The most characters shown of a sentence of the server's.
    static let maxSentence = 400
    /// The most characters shown of a request's id.
    static let maxID = 12
    /// The most slow requests shown.
    static let maxSlow = 10

    private let statistics: ServedStatistics
    private let state: String

    /// Draws the statistics of a version.
    ///
    /// - Parameters:
    ///   - statistics: What the server says.
    ///   - state: The version's state in the repository index.
    package init(_ statistics: ServedStatistics, state: String) {
        self.statistics = statistics
        self.state = state
    }

    /// All of it, ended by a line feed.
    package var text: String {
        ([head, counts, phases] + [sizes, curve, sentences, slowest].compactMap(\.self)).joined(separator: "\n")
    }

    private var head: String {
        let name = Terminal.printable(String(statistics.name.prefix(255)))
        let version = Terminal.printable(String(statistics.version.prefix(20)))
        let age = statistics.age > 0 ? " for \(StatisticsPicture.age(statistics.age))" : ""
        return "\(name), version \(version): \(Terminal.printable(state))\(age)\n"
    }

    private var counts: String {
        let all = Double(statistics.success.count) + Double(statistics.fail.count)
        let rate = statistics.age > 0 ? FixedPoint.text(all / (Double(statistics.age) / 1e9), decimals: 1) : "-"
        let rows = statistics.runs > 0 ? Double(statistics.rows) / Double(statistics.runs) : nil
        var table = TextTable([
            .init("ANSWERED", .right), .init("FAILED", .right), .init("PER SECOND", .right),
            .init("WAITING NOW", .right), .init("RUNS", .right), .init("ROWS A RUN", .right),
        ])
        table.append([
            FixedPoint.grouped(statistics.success.count), FixedPoint.grouped(statistics.fail.count), rate,
            statistics.pending.map(FixedPoint.grouped) ?? "-", FixedPoint.grouped(statistics.runs),
            rows.map { FixedPoint.text($0, decimals: 2) } ?? "-",
        ])
        return table.text
    }

    private var phases: String {
        let longest = statistics.phases.compactMap(\.times.mean).max() ?? 0
        var table = TextTable([.init("PHASE"), .init("MEAN", .right), .init("")])
        for phase in statistics.phases {
            let bar = BlockBar.text(phase.times.mean ?? 0, of: longest)
            table.append([phase.name, StatisticsPicture.time(phase.times.mean), bar])
        }
        table.append(["all", StatisticsPicture.time(statistics.success.mean)])
        return table.text
    }

    private var sizes: String? {
        guard !statistics.batches.isEmpty else { return nil }
        let bars = StatisticsPicture.bars(statistics.batches)
        let largest = bars.map(\.count).max() ?? 0
        var table = TextTable([.init("ROWS", .right), .init("RUNS", .right), .init("")])
        for bar in bars {
            let line = BlockBar.text(bar.count, of: largest)
            table.append([bar.title, FixedPoint.grouped(UInt64(exactly: bar.count.rounded()) ?? .max), line])
        }
        return table.text
    }

    private var curve: String? {
        guard !statistics.curve.isEmpty else { return nil }
        let dearest = Double(statistics.curve.map(\.nanoseconds).max() ?? 0)
        let taken = statistics.batchLimit.flatMap { limit in statistics.curve.last { $0.rows <= limit } }
        var table = TextTable([.init("ROWS", .right), .init("COST OF A ROW", .right), .init("")])
        for point in statistics.curve {
            let bar = BlockBar.text(Double(point.nanoseconds), of: dearest)
            let mark = point == taken ? "  < taken now" : ""
            table.append([String(point.rows), FixedPoint.time(nanoseconds: point.nanoseconds), bar + mark])
        }
        guard let limit = statistics.batchLimit else { return table.text }
        return table.text + "A run takes at most \(limit) \(limit == 1 ? "row" : "rows") now.\n"
    }

    private var sentences: String? {
        var lines: [String] = []
        if !statistics.note.isEmpty { lines.append("Where: \(statistics.note)") }
        if !statistics.batching.isEmpty { lines.append("Batches: \(statistics.batching)") }
        if !statistics.threads.isEmpty { lines.append("Threads: \(statistics.threads)") }
        if !statistics.rules.isEmpty { lines.append("Rules: \(statistics.rules)") }
        if let instances = statistics.instances, instances.count > 0 {
            var line = "Instances: \(instances.alive) of \(instances.count) alive"
            if instances.lost > 0 { line += ", \(instances.lost) lost so far" }
            if !statistics.devices.isEmpty { line += " (\(statistics.devices.joined(separator: ", ")))" }
            lines.append(line)
        }
        if statistics.inlineRuns > 0 {
            lines.append("On event loops: \(statistics.inlineRuns) of \(statistics.runs) runs")
        }
        if statistics.cacheHits > 0 || statistics.cacheMisses > 0 {
            let saved = "\(statistics.savedRuns) of them by a run under way"
            lines.append("Cache: \(statistics.cacheHits) hits (\(saved)), \(statistics.cacheMisses) misses")
        }
        guard !lines.isEmpty else { return nil }
        return lines.map { WrappedText.lines(String($0.prefix(StatisticsPicture.maxSentence))) }.joined()
    }

    private var slowest: String? {
        guard !statistics.slowest.isEmpty else { return nil }
        let titles = ["TOTAL"] + SlowRequest.phaseNames.map(\.title) + ["ROWS"]
        var table = TextTable([.init("SLOWEST")] + titles.map { .init($0, .right) })
        for request in statistics.slowest.prefix(StatisticsPicture.maxSlow) {
            let id = request.id.isEmpty ? "-" : Terminal.printable(request.id)
            let shown = id.count > StatisticsPicture.maxID ? id.prefix(StatisticsPicture.maxID - 1) + "…" : id
            let times = ([request.total] + request.phases).map(StatisticsPicture.shortTime)
            table.append([shown] + times + [String(request.batchSize)])
        }
        return table.text
    }
}

extension StatisticsPicture {
    /// Runs of one size, or of several that are put together.
    private struct Bar {
        let title: String
        var count: Double
    }

    /// A bar for each size, or for each power of two where there are many sizes.
    private static func bars(_ batches: [ServedStatistics.Runs]) -> [Bar] {
        guard batches.count > maxSizes else {
            return batches.map { Bar(title: String($0.size), count: Double($0.count)) }
        }
        var bars: [Bar] = []
        var last: Int?
        for runs in batches {
            let power = runs.size == 0 ? 0 : UInt64.bitWidth - 1 - runs.size.leadingZeroBitCount
            if power != last {
                let first = UInt64(1) << UInt64(power)
                bars.append(Bar(title: power == 0 ? "1" : "\(first)-\(first - 1 + first)", count: 0))
                last = power
            }
            bars[bars.count - 1].count += Double(runs.count)
        }
        return bars
    }

    /// A time with a unit that suits it; a dash for none.
    private static func time(_ nanoseconds: Double?) -> String {
        nanoseconds.map { FixedPoint.time(nanoseconds: UInt64(exactly: $0.rounded()) ?? .max) } ?? "-"
    }

    /// A time in seven characters or less, for columns that stand close; seconds from a million on as they are.
    private static func shortTime(_ nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case ..<1_000_000: "\(nanoseconds / 1_000)µs"
        case ..<1_000_000_000: "\(nanoseconds / 1_000_000)ms"
        default: "\(min(nanoseconds / 1_000_000_000, 99_999))s"
        }
    }

    /// A time since something, as coarse as one would say it.
    private static func age(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7_200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3_600) h"
        default: return "\(seconds / 86_400) days"
        }
    }
}
