internal import ApusCore

/// Turns what response caches have done into metric families; only versions with a cache have series.
enum CacheMetrics {
    /// A metric with one series for each version that has a cache.
    private struct Single: Sendable {
        let name: String
        let help: String
        let value: @Sendable (ModelStatistics.Cache) -> UInt64

        init(_ name: String, _ help: String, _ value: @escaping @Sendable (ModelStatistics.Cache) -> UInt64) {
            self.name = name
            self.help = help
            self.value = value
        }
    }

    /// Triton's families, and our own of runs saved.
    static func families(of labelled: ModelMetrics.Labelled) -> [MetricFamily] {
        all.map { metric in
            var family = MetricFamily(metric.name, .counter, help: metric.help)
            for (labels, statistics) in labelled {
                if let cache = statistics.cache { family.add(.count(metric.value(cache)), labels: labels) }
            }
            return family
        }
    }

    private static let all = [
        Single("nv_cache_num_hits_per_model", "Requests answered without a run of their own.") { $0.hit.count },
        Single("nv_cache_num_misses_per_model", "Requests that a run was made for.") { $0.miss.count },
        Single(
            "nv_cache_hit_duration_per_model",
            "Time that looking up took for requests without a run of their own, summed, in microseconds."
        ) { $0.hit.nanoseconds / 1000 },
        Single(
            "nv_cache_miss_duration_per_model",
            "Time that looking up and remembering took for requests that were run, summed, in microseconds."
        ) { $0.miss.nanoseconds / 1000 },
        Single(
            "apus_single_flight_saved_runs_total",
            "Requests answered by a run that an equal request had begun; they are cache hits too."
        ) { $0.savedRuns },
    ]
}
