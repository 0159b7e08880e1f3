package import ApusCore

/// All series of one metric, which belong together in the text.
package struct MetricFamily: Sendable {
    /// What the numbers of a metric mean.
    package enum Kind: String, Sendable {
        /// Only grows.
        case counter
        /// Goes up and down.
        case gauge
        /// Counts events by size.
        case histogram
    }

    /// The metric's name; its unit stands in it.
    package let name: String
    /// What its numbers mean.
    package let kind: Kind
    /// One sentence for people.
    package let help: String
    /// The samples, written out.
    private(set) var samples = TextBytes()

    /// Starts a family without series.
    package init(_ name: String, _ kind: Kind, help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    /// Makes a family of one series without labels.
    package init(_ name: String, _ kind: Kind, help: String, value: MetricValue) {
        self.init(name, kind, help: help)
        add(value)
    }

    /// Adds a series.
    package mutating func add(_ value: MetricValue, labels: MetricLabels = MetricLabels()) {
        add(value, suffix: "", labels: labels)
    }

    /// Adds the series of a histogram: its buckets cumulated, with bounds in seconds, its sum and its count.
    package mutating func add(_ histogram: LatencyHistogram, labels: MetricLabels) {
        var total: UInt64 = 0
        for (count, bound) in zip(histogram.counts, MetricFamily.bounds) {
            total &+= count
            add(.count(total), suffix: "_bucket", labels: labels.with("le", bound))
        }
        total &+= histogram.counts.last ?? 0
        add(.count(total), suffix: "_bucket", labels: labels.with("le", "+Inf"))
        add(.seconds(nanoseconds: histogram.nanoseconds), suffix: "_sum", labels: labels)
        add(.count(total), suffix: "_count", labels: labels)
    }

    /// The upper bounds of the buckets in seconds.
    private static let bounds = LatencyHistogram.upperBounds.map { bound in
        var text = TextBytes()
        text.append(secondsOf: bound)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    /// Takes over the series of a family of the same name.
    mutating func merge(_ other: MetricFamily) {
        samples.append(encoded: other.samples.bytes)
    }

    private mutating func add(_ value: MetricValue, suffix: String, labels: MetricLabels) {
        samples.append(name)
        samples.append(suffix)
        labels.write(to: &samples)
        samples.append(character: " ")
        value.write(to: &samples)
        samples.append(character: "\n")
    }
}
