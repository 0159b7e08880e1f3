/// Writes numbers with a fixed number of decimals.
package enum FixedPoint {
    /// A number rounded to so many decimals, 0 to 9; what doesn't fit 64 bits is written as the double has it.
    package static func text(_ value: Double, decimals: Int) -> String {
        let places = max(0, min(9, decimals))
        var scale: Int64 = 1
        for _ in 0..<places { scale *= 10 }
        guard let scaled = Int64(exactly: (value.magnitude * Double(scale)).rounded()) else { return value.description }
        let sign = value < 0 && scaled != 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % scale)
        return "\(sign)\(scaled / scale).\(String(repeating: "0", count: places - fraction.count))\(fraction)"
    }

    /// A whole number with its thousands set apart: `12,345`.
    package static func grouped(_ value: UInt64) -> String {
        let digits = String(value)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result.append(",") }
            result.append(digit)
        }
        return result
    }

    /// A time with a unit that suits it: `812 ns`, `96.4 µs`, `12.30 ms`, `1.250 s`.
    package static func time(nanoseconds: UInt64) -> String {
        let value = Double(nanoseconds)
        switch nanoseconds {
        case ..<1_000: return "\(nanoseconds) ns"
        case ..<1_000_000: return "\(text(value / 1_000, decimals: 1)) µs"
        case ..<1_000_000_000: return "\(text(value / 1_000_000, decimals: 2)) ms"
        default: return "\(text(value / 1_000_000_000, decimals: 3)) s"
        }
    }
}
