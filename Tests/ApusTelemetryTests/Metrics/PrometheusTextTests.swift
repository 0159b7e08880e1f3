import ApusCore
import Testing

@testable import ApusTelemetry

struct PrometheusTextTests {
    @Test func `a small text is exact`() {
        var requests = MetricFamily("requests_total", .counter, help: "Requests.\nAll \\ of \"them\".")
        requests.add(.count(3), labels: ["model": "a", "code": "200"])
        requests.add(.count(0), labels: ["code": "500"])
        var text = PrometheusText()
        text.append(requests)
        text.append(MetricFamily("load", .gauge, help: "Load.", value: .ratio(0.25)))
        #expect(
            String(decoding: text.render(), as: UTF8.self) == #"""
                # HELP requests_total Requests.\nAll \\ of "them".
                # TYPE requests_total counter
                requests_total{code="200",model="a"} 3
                requests_total{code="500"} 0
                # HELP load Load.
                # TYPE load gauge
                load 0.25

                """#
        )
    }

    @Test func `label values are escaped and come back`() throws {
        let value = "a\\b\"c\nd\r\u{1B}ü}{,= 🦜"
        var family = MetricFamily("m", .gauge, help: "M.")
        family.add(.level(-1), labels: ["x": value])
        var text = PrometheusText()
        text.append(family)
        #expect(String(decoding: text.render(), as: UTF8.self).contains(#"m{x="a\\b\"c\nd"#))
        let families = try StrictPrometheusParser(text.render()).families
        #expect(families.first?.samples == [.init(name: "m", labels: ["x": value], value: -1)])
    }

    @Test func `a family that is added twice is written once`() throws {
        var text = PrometheusText()
        for name in ["a", "b", "a"] {
            var family = MetricFamily(name, .gauge, help: "H.")
            family.add(.count(1), labels: ["n": String(text.render().count)])
            text.append(family)
        }
        let families = try StrictPrometheusParser(text.render()).families
        #expect(families.map(\.name) == ["a", "b"])
        #expect(families.map(\.samples.count) == [2, 1])
    }

    @Test func `a family without series is left out`() {
        var text = PrometheusText()
        text.append(MetricFamily("a", .gauge, help: "H."))
        #expect(text.render().isEmpty)
    }

    @Test func `labels are sorted, the last of the same name counts`() {
        let labels: MetricLabels = ["z": "1", "a": "2", "m": "3", "a": "4"]
        var text = TextBytes()
        labels.with("le", "+Inf").write(to: &text)
        #expect(String(decoding: text.bytes, as: UTF8.self) == #"{a="4",le="+Inf",m="3",z="1"}"#)
        #expect(labels["a"] == "4")
    }

    @Test(arguments: [
        (Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (0.00001, "1e-05"), (1, "1.0"),
    ])
    func `numbers are spelled as Prometheus reads them`(value: Double, expected: String) {
        var text = TextBytes()
        MetricValue.ratio(value).write(to: &text)
        #expect(String(decoding: text.bytes, as: UTF8.self) == expected)
    }

    @Test func `histogram buckets are cumulative and end with all`() throws {
        var histogram = LatencyHistogram()
        for latency: UInt64 in [10_000, 10_001, 600_000, 20_000_000_000] { histogram.record(nanoseconds: latency) }
        var family = MetricFamily("h", .histogram, help: "H.")
        family.add(histogram, labels: ["model": "a"])
        var text = PrometheusText()
        text.append(family)
        let lines = String(decoding: text.render(), as: UTF8.self).split(separator: "\n")
        #expect(lines[2] == #"h_bucket{le="0.00001",model="a"} 1"#)
        #expect(lines[3] == #"h_bucket{le="0.000025",model="a"} 2"#)
        #expect(lines[8] == #"h_bucket{le="0.001",model="a"} 3"#)
        #expect(lines[19] == #"h_bucket{le="10",model="a"} 3"#)
        #expect(lines[20] == #"h_bucket{le="+Inf",model="a"} 4"#)
        #expect(lines[21] == #"h_sum{model="a"} 20.000620001"#)
        #expect(lines[22] == #"h_count{model="a"} 4"#)
        _ = try StrictPrometheusParser(text.render())
    }
}
