/// Turns the server's own state into metric families.
package enum ServerMetrics {
    /// The families that need no model.
    ///
    /// - Parameters:
    ///   - gauges: What the edges counted.
    ///   - isReady: Whether the server may receive traffic.
    ///   - build: What was built, as labels of a series that is always 1.
    /// - Returns: The families in the order in which they are shown.
    package static func families(gauges: ServerGauges, isReady: Bool, build: MetricLabels) -> [MetricFamily] {
        var information = MetricFamily("apus_build_info", .gauge, help: "What was built; the value is always 1.")
        information.add(.count(1), labels: build)
        var responses = MetricFamily(
            "apus_http_responses_total",
            .counter,
            help: "HTTP responses sent, by status; 499 for those whose client had gone."
        )
        for (code, count) in gauges.responses.sorted(by: { $0.key < $1.key }) {
            responses.add(.count(count), labels: ["code": String(code)])
        }
        return [
            information,
            MetricFamily(
                "apus_ready",
                .gauge,
                help: "Whether the server may receive traffic, 1 or 0.",
                value: .count(isReady ? 1 : 0)
            ),
            MetricFamily(
                "apus_connections",
                .gauge,
                help: "Open client connections.",
                value: .level(Int64(gauges.connections))
            ),
            responses,
            MetricFamily(
                "apus_log_lines_lost_total",
                .counter,
                help: "Log lines that could not be written, or not to their end.",
                value: .count(gauges.logLinesLost)
            ),
        ]
    }
}
