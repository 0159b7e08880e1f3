/// The machine's memory, as `/proc/meminfo` has it.
package struct MemoryInfo: Hashable, Sendable {
    /// All of it.
    package let totalBytes: UInt64
    /// What is not available to new work; caches that the kernel would give back are.
    package let usedBytes: UInt64

    /// Reads the text of `/proc/meminfo`.
    ///
    /// - Returns: `nil` when one of the two lines needed is missing.
    package init?(parsing text: some StringProtocol) {
        var total: UInt64?
        var available: UInt64?
        for line in text.split(separator: "\n") {
            if line.hasPrefix("MemTotal:") { total = MemoryInfo.bytes(in: line) }
            if line.hasPrefix("MemAvailable:") { available = MemoryInfo.bytes(in: line) }
            if total != nil, available != nil { break }
        }
        guard let total, let available else { return nil }
        self.totalBytes = total
        self.usedBytes = total - min(available, total)
    }

    private static func bytes(in line: some StringProtocol) -> UInt64? {
        let words = line.split(separator: " ")
        guard words.count == 3, words[2] == "kB", let kibibytes = UInt64(words[1]) else { return nil }
        let (bytes, overflow) = kibibytes.multipliedReportingOverflow(by: 1024)
        return overflow ? nil : bytes
    }
}
