import ApusCore
import ApusProtocol
import Testing

/// The documents of the protocol, letter by letter.
struct V2DocumentsTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `an error names what it knows and leaves out the rest`() {
        #expect(
            text(V2Documents.error(InferenceError(.notFound, "no \"m\"")))
                == #"{"error":"no \"m\"","code":"not_found"}"#
        )
        let full = InferenceError(.invalidArgument, "m", field: "f", expected: "e", got: "g", hint: "h")
        #expect(
            text(V2Documents.error(full))
                == #"{"error":"m","code":"invalid_argument","field":"f","expected":"e","got":"g","hint":"h"}"#
        )
    }

    @Test func `health has bodies`() {
        #expect(text(V2Documents.live(true)) == #"{"live":true}"#)
        #expect(text(V2Documents.ready(false)) == #"{"live":true,"ready":false}"#)
        #expect(text(V2Documents.modelReady(name: "m", isReady: true, reason: "")) == #"{"name":"m","ready":true}"#)
        #expect(
            text(V2Documents.modelReady(name: "m", isReady: false, reason: "loading"))
                == #"{"name":"m","ready":false,"error":"loading"}"#
        )
    }

    @Test func `metadata of server and model`() {
        #expect(
            text(V2Documents.serverMetadata(name: "apus", version: "1", extensions: ["a", "b"]))
                == #"{"name":"apus","version":"1","extensions":["a","b"]}"#
        )
        #expect(
            text(V2Documents.serverMetadata(name: "apus", version: "1", extensions: []))
                == #"{"name":"apus","version":"1","extensions":[]}"#
        )
        #expect(text(V2Documents.modelList(["a", "b"])) == #"{"models":["a","b"]}"#)
        let model = ModelDescription(
            id: ModelID(name: ModelName("m")!, version: ModelVersion(2)!),
            platform: "onnxruntime_onnx",
            inputs: [
                TensorSpecification(name: "x", dataType: .fp32, shape: [-1, 4]),
                TensorSpecification(name: "o", dataType: .bytes, shape: [], isOptional: true),
            ],
            outputs: [TensorSpecification(name: "y", dataType: .int64, shape: [-1])],
            unservedOutputs: [UnservedOutput(name: "z", reason: "a map")]
        )
        #expect(
            text(V2Documents.modelMetadata(model, versions: [.first, ModelVersion(2)!]))
                == #"{"name":"m","versions":["1","2"],"platform":"onnxruntime_onnx","#
                + #""inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]},"#
                + #"{"name":"o","datatype":"BYTES","shape":[],"optional":true}],"#
                + #""outputs":[{"name":"y","datatype":"INT64","shape":[-1]}],"#
                + #""unserved_outputs":[{"name":"z","reason":"a map"}]}"#
        )
    }

    @Test func `the repository index leaves out what isn't there`() {
        let entries = [
            RepositoryIndexEntry(name: "a", version: .first, state: .ready),
            RepositoryIndexEntry(name: "b c", version: nil, state: .unavailable, reason: "bad name"),
        ]
        #expect(
            text(V2Documents.repositoryIndex(entries)) == #"[{"name":"a","version":"1","state":"READY"},"#
                + #"{"name":"b c","state":"UNAVAILABLE","reason":"bad name"}]"#
        )
        #expect(text(V2Documents.repositoryIndex([])) == "[]")
    }

    @Test func `statistics have every member that the extension names`() {
        var statistics = ModelStatistics()
        statistics.lastInference = 5
        statistics.inferenceCount = 6
        statistics.executionCount = 3
        statistics.success.record(nanoseconds: 10)
        statistics.schedulingNote = "inline"
        statistics.inlineExecutionCount = 2
        statistics.batchingNote = "no"
        statistics.threadsNote = "one"
        statistics.rulesNote = "runs after other models"
        statistics.batchLimit = 16
        statistics.pending = 7
        statistics.ageNanoseconds = 8
        statistics.devices = [.init(device: "GPU 1", instances: 2)]
        statistics.failover.instances = 2
        statistics.failover.alive = 1
        statistics.failover.lost = 3
        statistics.failover.retried = 4
        statistics.costCurve = [.init(rows: 8, rowNanoseconds: 90)]
        statistics.batches[4] = ModelStatistics.Batch()
        statistics.batches[2] = ModelStatistics.Batch()
        let report = ModelStatisticsReport(id: TestRequest.model.id, statistics: statistics)
        let none = #"{"count":0,"ns":0}"#
        let batch = #""compute_input":\#(none),"compute_infer":\#(none),"compute_output":\#(none)}"#
        #expect(
            text(V2Statistics.document([report])) == #"{"model_stats":[{"name":"anything","version":"3","#
                + #""last_inference":5,"inference_count":6,"execution_count":3,"inference_stats":{"#
                + #""success":{"count":1,"ns":10},"fail":\#(none),"queue":\#(none),"compute_input":\#(none),"#
                + #""compute_infer":\#(none),"compute_output":\#(none),"cache_hit":\#(none),"cache_miss":\#(none)},"#
                + #""response_stats":{},"batch_stats":[{"batch_size":2,\#(batch),{"batch_size":4,\#(batch)],"#
                + #""memory_usage":[],"scheduling":{"note":"inline","inline_execution_count":2,"batching":"no","#
                + #""threads":"one","rules":"runs after other models","#
                + #""age_ns":8,"pending_count":7,"batch_limit":16,"#
                + #""instances":{"count":2,"alive":1,"lost":3},"devices":[{"device":"GPU 1","instances":2}],"#
                + #""retried_count":4,"quarantined_count":0,"quarantine_refusal_count":0,"#
                + #""cost_curve":[{"rows":8,"row_ns":90}],"slowest":[]}}]}"#
        )
        #expect(text(V2Statistics.document([])) == #"{"model_stats":[]}"#)
    }

    @Test func `statistics show the cache and the slowest requests`() {
        var statistics = ModelStatistics()
        var cache = ModelStatistics.Cache()
        cache.hit.record(nanoseconds: 3)
        cache.miss.record(nanoseconds: 4)
        cache.savedRuns = 5
        statistics.cache = cache
        var timings = RequestTimings(received: MonotonicTime(nanoseconds: 10))
        timings.queued = MonotonicTime(nanoseconds: 11)
        timings.gatheringStarted = MonotonicTime(nanoseconds: 13)
        timings.computeStarted = MonotonicTime(nanoseconds: 16)
        timings.inputReady = MonotonicTime(nanoseconds: 20)
        timings.inferEnded = MonotonicTime(nanoseconds: 25)
        timings.computeEnded = MonotonicTime(nanoseconds: 31)
        timings.batchSize = 8
        statistics.slowest.offer(nanoseconds: 21, id: "a\"b\n", time: 99, timings: timings)
        let document = text(V2Statistics.document([.init(id: TestRequest.model.id, statistics: statistics)]))
        #expect(document.contains(#""cache_hit":{"count":1,"ns":3},"cache_miss":{"count":1,"ns":4}"#))
        #expect(document.contains(#""saved_run_count":5"#))
        #expect(
            document.contains(
                #""slowest":[{"id":"a\"b\n","time":99,"total_ns":21,"decode_ns":1,"queue_ns":2,"batch_ns":3,"#
                    + #""compute_input_ns":4,"compute_infer_ns":5,"compute_output_ns":6,"batch_size":8}]"#
            )
        )
    }
}
