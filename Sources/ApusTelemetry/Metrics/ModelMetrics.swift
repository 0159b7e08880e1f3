package import ApusCore

/// Turns the statistics of the models into metric families.
package enum ModelMetrics {
    /// All families of the models: Triton's names first, then our own.
    package static func families(of reports: [ModelStatisticsReport]) -> [MetricFamily] {
        let labelled = reports.map { (labels: labels(of: $0.id), statistics: $0.statistics) }
        var families = single.map { metric in
            var family = MetricFamily(metric.name, metric.kind, help: metric.help)
            for (labels, statistics) in labelled { family.add(metric.value(statistics), labels: labels) }
            return family
        }
        families.insert(failures(of: labelled), at: 1)
        families.append(phases(of: labelled))
        families += CacheMetrics.families(of: labelled)
        return families
    }

    /// A version's labels.
    static func labels(of id: ModelID) -> MetricLabels {
        ["model": id.name.description, "version": id.version.description]
    }

    /// A metric with one series for each version.
    private struct Single: Sendable {
        let name: String
        let kind: MetricFamily.Kind
        let help: String
        let value: @Sendable (ModelStatistics) -> MetricValue

        init(
            _ name: String,
            _ kind: MetricFamily.Kind,
            _ help: String,
            _ value: @escaping @Sendable (ModelStatistics) -> MetricValue
        ) {
            self.name = name
            self.kind = kind
            self.help = help
            self.value = value
        }
    }

    /// The statistics of versions, with their labels.
    typealias Labelled = [(labels: MetricLabels, statistics: ModelStatistics)]

    private static let single: [Single] = [
        Single("nv_inference_request_success", .counter, "Requests answered successfully; a batch counts once.") {
            .count($0.success.count)
        },
        Single("nv_inference_count", .counter, "Inferences done: each element of a request's batch counts.") {
            .count($0.inferenceCount)
        },
        Single("nv_inference_exec_count", .counter, "Engine runs; inferences divided by runs is the mean batch size.") {
            .count($0.executionCount)
        },
        Single(
            "nv_inference_request_duration_us",
            .counter,
            "Time of successful requests from arrival to answer, summed, in microseconds."
        ) { .count($0.success.nanoseconds / 1000) },
        Single(
            "nv_inference_queue_duration_us",
            .counter,
            "Time requests stood in the queue, summed, in microseconds."
        ) { .count($0.queue.nanoseconds / 1000) },
        Single(
            "nv_inference_compute_input_duration_us",
            .counter,
            "Time spent preparing inputs for the engine, summed over requests, in microseconds."
        ) { .count($0.computeInput.nanoseconds / 1000) },
        Single(
            "nv_inference_compute_infer_duration_us",
            .counter,
            "Time spent in the engine, summed over requests, in microseconds."
        ) { .count($0.computeInfer.nanoseconds / 1000) },
        Single(
            "nv_inference_compute_output_duration_us",
            .counter,
            "Time spent preparing outputs for the answer, summed over requests, in microseconds."
        ) { .count($0.computeOutput.nanoseconds / 1000) },
        Single(
            "nv_inference_pending_request_count",
            .gauge,
            "Requests that wait for an instance of the model; those that run don't count."
        ) { .level(Int64($0.pending)) },
        Single("nv_model_load_duration_secs", .gauge, "Time it took to load the version, in seconds.") {
            .seconds(nanoseconds: $0.loadNanoseconds)
        },
    ]

    private static func failures(of labelled: Labelled) -> MetricFamily {
        var family = MetricFamily(
            "nv_inference_request_failure",
            .counter,
            help: "Requests that failed, by reason; a batch counts once."
        )
        for (labels, statistics) in labelled {
            for (reason, count) in zip(FailureReason.allCases, statistics.failures) {
                family.add(.count(count), labels: labels.with("reason", reason.rawValue))
            }
        }
        return family
    }

    private static func phases(of labelled: Labelled) -> MetricFamily {
        var family = MetricFamily(
            "apus_request_phase_seconds",
            .histogram,
            help: "Time of a request in each phase; the phase named request is all of it."
        )
        for (labels, statistics) in labelled {
            for (phase, histogram) in zip(ModelStatistics.Phase.allCases, statistics.histograms) {
                family.add(histogram, labels: labels.with("phase", phase.metricLabel))
            }
        }
        return family
    }
}

extension ModelStatistics.Phase {
    /// The phase as a metric's label.
    fileprivate var metricLabel: String {
        switch self {
        case .request: "request"
        case .queue: "queue"
        case .computeInput: "compute_input"
        case .computeInfer: "compute_infer"
        case .computeOutput: "compute_output"
        }
    }
}
