/// Processor time of the whole machine since it started, in ticks, as `/proc/stat` counts it.
package struct CPUTimes: Hashable, Sendable {
    /// All ticks.
    package let total: UInt64
    /// Ticks in which nothing ran, waiting for disks included.
    package let idle: UInt64

    /// Puts a reading together.
    package init(total: UInt64, idle: UInt64) {
        self.total = total
        self.idle = idle
    }

    /// Reads the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
    ///
    /// The fields behind them, time of guests, are contained in user and nice already.
    ///
    /// - Returns: `nil` when the text is something else.
    package init?(parsing text: some StringProtocol) {
        let line = text.prefix { $0 != "\n" }.split(separator: " ")
        guard line.first == "cpu" else { return nil }
        let ticks = line.dropFirst().prefix(8).compactMap { UInt64($0) }
        guard ticks.count >= 4, ticks.count == min(8, line.count - 1) else { return nil }
        self.total = ticks.reduce(0, &+)
        self.idle = ticks[3] &+ (ticks.count > 4 ? ticks[4] : 0)
    }
}
