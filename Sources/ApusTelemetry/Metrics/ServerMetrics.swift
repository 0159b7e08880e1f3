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
        let families = [
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
        return families + cache(gauges)
    }

    private static func cache(_ gauges: ServerGauges) -> [MetricFamily] {
        guard let cache = gauges.responseCache else { return [] }
        return [
            MetricFamily(
                "apus_response_cache_answers",
                .gauge,
                help: "Answers that the response cache remembers.",
                value: .level(Int64(cache.answers))
            ),
            MetricFamily(
                "apus_response_cache_bytes",
                .gauge,
                help: "Bytes that the remembered answers take, administration included.",
                value: .level(Int64(cache.bytes))
            ),
            MetricFamily(
                "apus_response_cache_limit_bytes",
                .gauge,
                help: "The most bytes that remembered answers may take.",
                value: .level(Int64(cache.limit))
            ),
        ]
    }
}
