/// Durations as options write them: `10s`, `500ms`, `2m`, `1.5h`; a bare number means seconds.
package enum DurationText {
    /// Reads a duration.
    ///
    /// - Returns: `nil` for anything else, for negative ones and for more than a year.
    package static func parse(_ text: String) -> Duration? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let value = NumberText.double(number), let unit = seconds(of: text[number.endIndex...])
        else { return nil }
        let total = value * unit
        guard total >= 0, total <= 366 * 86_400 else { return nil }
        return .nanoseconds(Int64((total * 1e9).rounded()))
    }

    /// Writes a duration in seconds.
    package static func text(_ duration: Duration) -> String {
        let seconds = duration / .seconds(1)
        return "\(FixedPoint.text(seconds, decimals: seconds < 1 ? 3 : 1)) s"
    }

    private static func seconds(of unit: Substring) -> Double? {
        switch unit {
        case "ms": 0.001
        case "", "s": 1
        case "m": 60
        case "h": 3_600
        default: nil
        }
    }
}
