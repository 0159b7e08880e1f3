/// Reads the values of settings.
enum SettingParsing {
    /// Bytes: a number, alone or with KiB, MiB, GiB, KB, MB or GB.
    static func byteCount(_ text: String) -> Int? {
        let units: [(String, Int)] = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
            ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1),
        ]
        for (suffix, scale) in units where text.hasSuffix(suffix) {
            return scaled(text.dropLast(suffix.count), by: scale)
        }
        return scaled(Substring(text), by: 1)
    }

    /// Nanoseconds: a number with ns, us, ms, s, m or h; `0` may stand alone.
    static func nanoseconds(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        let units: [(String, Int)] = [
            ("ns", 1), ("us", 1000), ("ms", 1_000_000),
            ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
        ]
        for (suffix, scale) in units where text.hasSuffix(suffix) {
            return scaled(text.dropLast(suffix.count), by: scale).map(Int64.init)
        }
        return nil
    }

    /// A truth value in the words that people write.
    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
    }

    /// A finite number, or a fraction of two such as `1/255`.
    static func number(_ text: String) -> Double? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { part in
            Double(part).flatMap { $0.isFinite ? $0 : nil }
        }
        guard (1...2).contains(parts.count), let first = parts[0] else { return nil }
        guard parts.count == 2 else { return first }
        guard let second = parts[1], (first / second).isFinite else { return nil }
        return first / second
    }

    private static func scaled(_ text: Substring, by scale: Int) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int(text)
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: scale)
        return overflow ? nil : product
    }
}
