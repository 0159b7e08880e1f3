/// Collects metric families and writes them in Prometheus' text format 0.0.4.
///
/// A family that is added twice is merged: the format allows its HELP, its TYPE and its block of series only once.
package struct PrometheusText: Sendable {
    /// The Content-Type of the text.
    package static let contentType = "text/plain; charset=utf-8"

    private var families: [MetricFamily] = []
    private var positions: [String: Int] = [:]

    /// Starts empty.
    package init() {}

    /// Adds a family behind the others, or its series to those of the same name.
    package mutating func append(_ family: MetricFamily) {
        if let position = positions[family.name] {
            families[position].merge(family)
        } else {
            positions[family.name] = families.count
            families.append(family)
        }
    }

    /// Adds families in their order.
    package mutating func append(contentsOf others: some Sequence<MetricFamily>) {
        for family in others { append(family) }
    }

    /// Writes the text; families without series are left out.
    package func render() -> [UInt8] {
        var text = TextBytes(capacity: families.reduce(0) { $0 + $1.samples.bytes.count + 256 })
        for family in families where !family.samples.bytes.isEmpty {
            text.append("# HELP ")
            text.append(family.name)
            text.append(character: " ")
            text.append(metricText: family.help, escapingQuotes: false)
            text.append("\n# TYPE ")
            text.append(family.name)
            text.append(character: " ")
            text.append(family.kind.rawValue)
            text.append(character: "\n")
            text.append(encoded: family.samples.bytes)
        }
        return text.bytes
    }
}

extension TextBytes {
    /// Adds text as Prometheus escapes it: backslash and line feed, in label values the quote too.
    mutating func append(metricText text: String, escapingQuotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\"") where escapingQuotes: append("\\\"")
            default: append(byte)
            }
        }
    }
}
