/// What `/proc/self/stat` says of a process, in the kernel's units.
package struct ProcessStatus: Hashable, Sendable {
    /// Processor time in user and system mode, in clock ticks.
    package let cpuTicks: UInt64
    /// When it started, in clock ticks since the machine did.
    package let startTicks: UInt64
    /// Memory resident, in pages.
    package let residentPages: UInt64

    /// Reads the text of `/proc/self/stat`.
    ///
    /// The program's name stands in parentheses and may hold spaces and parentheses itself, so fields are counted from
    /// the last one that closes.
    ///
    /// - Returns: `nil` when fields are missing.
    package init?(parsing text: some StringProtocol) {
        guard let nameEnd = text.lastIndex(of: ")") else { return nil }
        let fields = text[nameEnd...].split(whereSeparator: { $0 == " " || $0 == "\n" })
        // Field 3 of proc(5), the state, stands behind the parenthesis: number n is at n - 2.
        guard fields.count > 22,
            let user = UInt64(fields[12]), let system = UInt64(fields[13]),
            let start = UInt64(fields[20]), let resident = UInt64(fields[22])
        else { return nil }
        self.cpuTicks = user &+ system
        self.startTicks = start
        self.residentPages = resident
    }

    /// When the machine started, in seconds since 1970, from the text of `/proc/stat`.
    package static func bootSeconds(parsing text: some StringProtocol) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix("btime ") {
            return UInt64(line.dropFirst("btime ".count))
        }
        return nil
    }
}
