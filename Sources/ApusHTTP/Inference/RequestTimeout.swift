internal import ApusCore

/// Reads an `Apus-Timeout` value in gRPC's grammar: at most eight digits and a unit, for example `100m` for 100 ms.
enum RequestTimeout {
    /// Nanoseconds; `nil` when the text breaks the grammar.
    static func nanoseconds(_ text: String) -> Int64? {
        guard let unit = text.utf8.last, (2...9).contains(text.utf8.count),
            text.utf8.dropLast().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int64(text.dropLast())
        else { return nil }
        let scale: Int64? =
            switch unit {
            case UInt8(ascii: "H"): 3_600_000_000_000
            case UInt8(ascii: "M"): 60_000_000_000
            case UInt8(ascii: "S"): 1_000_000_000
            case UInt8(ascii: "m"): 1_000_000
            case UInt8(ascii: "u"): 1000
            case UInt8(ascii: "n"): 1
            default: nil
            }
        guard let scale else { return nil }
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: scale)
        return overflow ? .max : nanoseconds
    }
}
