import ApusClient
import ApusCore
import Testing

struct StatisticsPictureTests {
    /// What a server has to say of a model that shares runs.
    private static let mlp = #"""
        {"model_stats":[{"name":"mlp","version":"3","inference_count":1300,"execution_count":325,"inference_stats":{
        "success":{"count":1290,"ns":516000000},"fail":{"count":10,"ns":9},"queue":{"count":1290,"ns":258000000},
        "compute_input":{"count":1290,"ns":1290000},"compute_infer":{"count":1290,"ns":129000000},
        "compute_output":{"count":1290,"ns":2580000},"cache_hit":{"count":4,"ns":1},"cache_miss":{"count":2,"ns":1}},
        "batch_stats":[{"batch_size":8,"compute_infer":{"count":100,"ns":1}},
        {"batch_size":1,"compute_infer":{"count":200,"ns":1}},{"batch_size":2,"compute_infer":{"count":0,"ns":0}}],
        "scheduling":{"note":"runs on engine threads: no measured shape is cheaper than a thread hop yet",
        "inline_execution_count":25,
        "batching":"requests that wait share a run: rows were proved to leave each other alone",
        "threads":"one for each run: 75 µs against 60 µs","rules":"runs before other models",
        "age_ns":130500000000,"pending_count":6,"batch_limit":9,"saved_run_count":3,
        "instances":{"count":2,"alive":1,"lost":5},"devices":[{"device":"CPU","instances":2}],
        "cost_curve":[{"rows":1,"row_ns":30000},{"rows":8,"row_ns":7500},{"rows":16,"row_ns":6000}],
        "slowest":[{"id":"a long name of a request","time":1,"total_ns":5100000,"decode_ns":100000,
        "queue_ns":4000000,"batch_ns":0,"compute_input_ns":1000,"compute_infer_ns":900000,"compute_output_ns":99000,"batch_size":8}]}}]}
        """#

    private func versions(_ json: String) throws -> [ServedStatistics] {
        try ServedStatistics.versions(fromJSON: JSONParser.parse(Array(json.utf8)))
    }

    @Test func `all that was done and learnt is in the picture`() throws {
        let statistics = try #require(versions(StatisticsPictureTests.mlp).first)
        let text = StatisticsPicture(statistics, state: "READY").text
        let full = String(repeating: "█", count: 40)
        #expect(
            text == """
                mlp, version 3: READY for 2 min

                ANSWERED  FAILED  PER SECOND  WAITING NOW  RUNS  ROWS A RUN
                   1,290      10        10.0            6   325        4.00

                PHASE       MEAN
                queue   200.0 µs  \(full)
                input     1.0 µs  ▎
                infer   100.0 µs  \(full.prefix(20))
                output    2.0 µs  ▌
                all     400.0 µs

                ROWS  RUNS
                   1   200  \(full)
                   8   100  \(full.prefix(20))

                ROWS  COST OF A ROW
                   1        30.0 µs  \(full)
                   8         7.5 µs  \(full.prefix(10))  < taken now
                  16         6.0 µs  \(full.prefix(8))
                A run takes at most 9 rows now.

                Where: runs on engine threads: no measured shape is cheaper than a thread hop
                  yet
                Batches: requests that wait share a run: rows were proved to leave each other
                  alone
                Threads: one for each run: 75 µs against 60 µs
                Rules: runs before other models
                Instances: 1 of 2 alive, 5 lost so far (2 on CPU)
                On event loops: 25 of 325 runs
                Cache: 4 hits (3 of them by a run under way), 2 misses

                SLOWEST       TOTAL  DECODE  QUEUE  BATCH  INPUT  INFER  OUTPUT  ROWS
                a long name…    5ms   100µs    4ms    0µs    1µs  900µs    99µs     8

                """
        )
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func `a server that knows nothing of Apus has a picture too`() throws {
        let statistics = try #require(versions(#"{"model_stats":[{"name":"m","version":"1"}]}"#).first)
        #expect(
            StatisticsPicture(statistics, state: "READY").text == """
                m, version 1: READY

                ANSWERED  FAILED  PER SECOND  WAITING NOW  RUNS  ROWS A RUN
                       0       0           -            -     0           -

                PHASE   MEAN
                queue      -
                input      -
                infer      -
                output     -
                all        -

                """
        )
    }

    @Test func `many sizes are put together by powers of two`() throws {
        let sizes = ((1...40).map { $0 } + [Int.max]).map {
            #"{"batch_size":\#($0),"compute_infer":{"count":1,"ns":1}}"#
        }
        let json = #"{"model_stats":[{"name":"m","batch_stats":[\#(sizes.joined(separator: ","))]}]}"#
        let text = try StatisticsPicture(#require(versions(json).first), state: "READY").text
        #expect(
            text.contains("    16-31    16  ████") && text.contains("4611686018427387904-9223372036854775807     1")
        )
        #expect(!text.contains("  17  "))
    }

    @Test func `lists without end and words that move the cursor are cut and escaped`() throws {
        let long = String(repeating: "x\\u001b[2J ", count: 1_000)
        let slow = String(repeating: #"{"id":"\#(long)","total_ns":18446744073709551615},"#, count: 200)
        let points = (1...500).map { #"{"rows":\#($0),"row_ns":18446744073709551615}"# }.joined(separator: ",")
        let one =
            #"{"name":"\#(long)","version":"\#(long)","scheduling":{"note":"\#(long)","#
            + #""slowest":[\#(slow)null],"age_ns":18446744073709551615,"cost_curve":[\#(points)]}}"#
        let others = String(repeating: ",{}", count: 40)
        let found = try versions(#"{"model_stats":[\#(one)\#(others)]}"#)
        #expect(found.count == 32)
        let text = StatisticsPicture(found[0], state: long).text
        #expect(text.count < 150_000 && text.split(separator: "\n").count < 200)
        #expect(!text.contains("\u{1B}"))
    }

    @Test func `what are no counts is refused with their name`() throws {
        for (member, value) in [("inference_count", "-1"), ("execution_count", "1.5"), ("inference_count", #""7""#)] {
            let error = #expect(throws: ClientError.self) {
                try versions(#"{"model_stats":[{"\#(member)":\#(value)}]}"#)
            }
            #expect(error?.code == .invalidAnswer && error?.message.contains(member) ?? false)
        }
        for json in ["[]", "{}", #"{"model_stats":{}}"#, "null"] {
            #expect(throws: ClientError.self) { try versions(json) }
        }
        let negative = #"{"model_stats":[{"scheduling":{"slowest":[{"queue_ns":-5}]}}]}"#
        #expect(throws: ClientError.self) { try versions(negative) }
        // An object where a list belongs counts as none.
        #expect(try versions(#"{"model_stats":[{"batch_stats":{},"scheduling":[]},7]}"#).count == 2)
    }
}
