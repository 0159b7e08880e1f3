import ApusCore
import Testing

@testable import ApusTelemetry

struct MetricsExpositionTests {
    /// Statistics made up for the test.
    private struct FakeStatistics: StatisticsSource {
        let reports: [ModelStatisticsReport]

        func statistics() -> [ModelStatisticsReport] { reports }
    }

    /// A server that is as ready as the test says.
    private struct FakeHealth: Health {
        let isLive = true
        let isReady: Bool
    }

    /// Names that CONTRACTS §16 asks for in a server without GPU, cache and pinned memory.
    private static let contractNames = [
        "nv_inference_request_success", "nv_inference_request_failure", "nv_inference_count", "nv_inference_exec_count",
        "nv_inference_request_duration_us", "nv_inference_queue_duration_us", "nv_inference_compute_input_duration_us",
        "nv_inference_compute_infer_duration_us", "nv_inference_compute_output_duration_us",
        "nv_inference_pending_request_count", "nv_model_load_duration_secs", "nv_cpu_utilization",
        "nv_cpu_memory_total_bytes", "nv_cpu_memory_used_bytes",
    ]

    /// One request of two elements, one failure.
    private func statistics() -> ModelStatistics {
        var statistics = ModelStatistics()
        statistics.success.record(nanoseconds: 1_234_567)
        statistics.queue.record(nanoseconds: 1_000_000)
        statistics.computeInput.record(nanoseconds: 2000)
        statistics.computeInfer.record(nanoseconds: 3999)
        statistics.computeOutput.record(nanoseconds: 999)
        statistics.inferenceCount = 2
        statistics.executionCount = 1
        statistics.failures[2] = 1
        statistics.pending = 4
        statistics.loadNanoseconds = 1_500_000_000
        statistics.histograms[0].record(nanoseconds: 1_234_567)
        return statistics
    }

    /// An exposition of two versions of a model.
    private func exposition(isReady: Bool = true) throws -> MetricsExposition {
        let name = try #require(ModelName("iris"))
        let reports = try ([1, 2] as [Int64]).map { number in
            let id = ModelID(name: name, version: try #require(ModelVersion(number)))
            return ModelStatisticsReport(id: id, statistics: number == 1 ? statistics() : ModelStatistics())
        }
        return MetricsExposition(
            statistics: FakeStatistics(reports: reports),
            health: FakeHealth(isReady: isReady),
            build: ["version": "0.1.0", "commit": "abc"]
        ) {
            var gauges = ServerGauges()
            gauges.connections = 7
            gauges.responses = [404: 1, 200: 12]
            return gauges
        }
    }

    @Test func `all families of the contract are there and the text is strictly correct`() throws {
        let families = try StrictPrometheusParser(try exposition().render()).families
        let names = families.map(\.name)
        for name in MetricsExpositionTests.contractNames {
            #expect(names.contains(name))
        }
        #expect(families.allSatisfy { $0.help.hasSuffix(".") })
    }

    @Test func `the models' numbers are in the contract's units`() throws {
        let text = String(decoding: try exposition().render(), as: UTF8.self)
        let expected = #"""
            # TYPE nv_inference_request_success counter
            nv_inference_request_success{model="iris",version="1"} 1
            nv_inference_request_success{model="iris",version="2"} 0
            nv_inference_request_failure{model="iris",reason="REJECTED",version="1"} 0
            nv_inference_request_failure{model="iris",reason="CANCELED",version="1"} 0
            nv_inference_request_failure{model="iris",reason="BACKEND",version="1"} 1
            nv_inference_request_failure{model="iris",reason="OTHER",version="1"} 0
            nv_inference_request_failure{model="iris",reason="OTHER",version="2"} 0
            nv_inference_count{model="iris",version="1"} 2
            nv_inference_exec_count{model="iris",version="1"} 1
            nv_inference_request_duration_us{model="iris",version="1"} 1234
            nv_inference_queue_duration_us{model="iris",version="1"} 1000
            nv_inference_compute_input_duration_us{model="iris",version="1"} 2
            nv_inference_compute_infer_duration_us{model="iris",version="1"} 3
            nv_inference_compute_output_duration_us{model="iris",version="1"} 0
            # TYPE nv_inference_pending_request_count gauge
            nv_inference_pending_request_count{model="iris",version="1"} 4
            nv_model_load_duration_secs{model="iris",version="1"} 1.5
            apus_request_phase_seconds_bucket{le="0.001",model="iris",phase="request",version="1"} 0
            apus_request_phase_seconds_bucket{le="0.0025",model="iris",phase="request",version="1"} 1
            apus_request_phase_seconds_count{model="iris",phase="compute_output",version="2"} 0
            apus_build_info{commit="abc",version="0.1.0"} 1
            apus_ready 1
            apus_connections 7
            apus_http_responses_total{code="200"} 12
            apus_http_responses_total{code="404"} 1
            """#
        for line in expected.split(separator: "\n") {
            #expect(text.contains("\(line)\n"))
        }
    }

    @Test func `a server that isn't ready says so`() throws {
        #expect(String(decoding: try exposition(isReady: false).render(), as: UTF8.self).contains("\napus_ready 0\n"))
    }

    @Test func `a server without models and answers has no empty families`() throws {
        let empty = MetricsExposition(
            statistics: FakeStatistics(reports: []),
            health: FakeHealth(isReady: true),
            build: [:]
        ) { ServerGauges() }
        let families = try StrictPrometheusParser(empty.render()).families
        #expect(families.allSatisfy { !$0.samples.isEmpty })
        #expect(families.contains { $0.name == "process_resident_memory_bytes" })
    }
}
