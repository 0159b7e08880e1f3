package import ApusCore

/// Answers a scrape: reads all that is counted and writes it in Prometheus' text format.
package struct MetricsExposition: Sendable {
    private let statistics: any StatisticsSource
    private let health: any Health
    private let build: MetricLabels
    private let gauges: @Sendable () -> ServerGauges
    private let system: SystemSampler

    /// Makes an exposition.
    ///
    /// - Parameters:
    ///   - statistics: What the models have done.
    ///   - health: Whether the server is ready.
    ///   - build: What was built: version, commit.
    ///   - system: Reads the machine.
    ///   - gauges: Reads what the edges count.
    package init(
        statistics: any StatisticsSource,
        health: any Health,
        build: MetricLabels,
        system: SystemSampler = SystemSampler(),
        gauges: @escaping @Sendable () -> ServerGauges
    ) {
        self.statistics = statistics
        self.health = health
        self.build = build
        self.system = system
        self.gauges = gauges
    }

    /// The text of a scrape; its type is `PrometheusText.contentType`.
    package func render() -> [UInt8] {
        var text = PrometheusText()
        text.append(contentsOf: ModelMetrics.families(of: statistics.statistics()))
        text.append(contentsOf: ServerMetrics.families(gauges: gauges(), isReady: health.isReady, build: build))
        text.append(contentsOf: SystemMetrics.families(of: system.sample()))
        return text.render()
    }
}
