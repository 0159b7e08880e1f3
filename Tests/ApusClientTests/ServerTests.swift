import ApusClient
import ApusCore
import Histogram
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

struct ServerTests {
    private let iris = ModelName("iris")!

    /// A server with one model that has one input of four floats.
    private static let answers: FakeModelServer.Answer = { line, body in
        switch line {
        case "POST /v2/repository/index": (200, #"[{"name":"iris","version":"1","state":"READY"}]"#)
        case "GET /v2/models/iris", "GET /v2/models/iris/versions/2":
            (
                200,
                #"{"name":"iris","versions":["1"],"platform":"x","#
                    + #""inputs":[{"name":"f","datatype":"FP32","shape":[-1,4]}],"outputs":[]}"#
            )
        case "POST /v2/models/iris/infer": (200, #"{"model_name":"iris","outputs":[],"echo":\#(body)}"#)
        default: (404, #"{"error":"Request for unknown model: 'x' is not found","hint":"look twice"}"#)
        }
    }

    private func connect(_ url: String) throws -> HTTPModelServerConnection {
        HTTPModelServerConnection(HTTPConnection(to: try ServerURL(parsing: url)), timeout: .seconds(10))
    }

    @Test func `index, metadata and inference go over HTTP`() async throws {
        try await FakeModelServer(answer: ServerTests.answers).withURL { url in
            let connection = try connect(url)
            let entry = RepositoryIndexEntry(name: "iris", version: .first, state: .ready)
            #expect(try await connection.index() == [entry])
            let metadata = try await connection.metadata(
                of: ModelSelector(name: iris, version: .exact(ModelVersion(2)!))
            )
            let body = try RequestBuilder(metadata).zeroRequest(batch: 2).jsonBody
            let answer = try JSONParser.parse(try await connection.infer(ModelSelector(name: iris), jsonBody: body))
            #expect(answer["echo"]?.encoded == body)
        }
    }

    @Test func `a Unix socket serves as well`() async throws {
        let path = "/tmp/apus-client-tests-\(UInt32.random(in: 0...UInt32.max)).sock"
        try await FakeModelServer(path: path, answer: ServerTests.answers).withURL { url in
            let entries = try await connect(url).index()
            #expect(entries.count == 1)
        }
    }

    @Test func `a refusal is passed on in the server's words`() async throws {
        try await FakeModelServer(answer: ServerTests.answers).withURL { url in
            let error = await #expect(throws: ClientError.self) {
                try await connect(url).metadata(of: ModelSelector(name: ModelName("x")!))
            }
            #expect(error?.code == .refused)
            let message = error?.message ?? ""
            #expect(message.hasPrefix("the server answered 404: Request for unknown model: 'x' is not found"))
            #expect(message.contains("hint: look twice") && message.contains("`apus models`"))
        }
    }

    @Test func `no server, a server that hangs up and one that floods are told apart`() async throws {
        let free = try await FakeModelServer(answer: ServerTests.answers).withURL { url in url }
        let unreachable = await #expect(throws: ClientError.self) { try await connect(free).index() }
        #expect(unreachable?.code == .unreachable)
        #expect(unreachable?.message.contains("start one with `apus serve --models DIR`") ?? false)
        try await FakeModelServer(answer: { _, _ in (0, "") }).withURL { url in
            let error = await #expect(throws: ClientError.self) { try await connect(url).index() }
            #expect(error?.message.contains("closed the connection before it had answered") ?? false)
        }
        try await FakeModelServer(answer: { _, _ in (200, String(repeating: "x", count: 5_000)) }).withURL { url in
            let connection = HTTPConnection(to: try ServerURL(parsing: url), maxBodyBytes: 1_000)
            let error = await #expect(throws: ClientError.self) { try await connection.request(.GET, "/") }
            #expect(error?.message.contains("larger than 1000 bytes") ?? false)
        }
    }

    @Test func `a server that never answers ends in a timeout`() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let url = try ServerURL(parsing: "127.0.0.1:\(server.localAddress?.port ?? 0)")
        let error = await #expect(throws: ClientError.self) {
            try await HTTPConnection(to: url).request(.GET, "/", timeout: .milliseconds(50))
        }
        #expect(error?.code == .timeout)
        try await server.close()
    }

    private func load(_ url: String, _ change: (inout LoadPlan) -> Void) async throws -> (LoadOutcome, LoadReport) {
        var plan = LoadPlan(url: try ServerURL(parsing: url))
        plan.warmup = .zero
        plan.duration = .milliseconds(300)
        plan.grace = .seconds(30)
        change(&plan)
        let prepared = try RequestBuilder(.sample("f FP32 -1 4")).zeroRequest(batch: nil)
        let request = try LoadRequest(prepared, model: ModelSelector(name: iris), isBinary: false)
        let outcome = try await LoadGenerator(plan, request: request).run()
        return (outcome, LoadReport(model: "iris", plan: plan, request: request, isBinary: false, outcome: outcome))
    }

    @Test func `a closed loop counts every answer`() async throws {
        let served = Atomic<UInt64>(0)
        try await FakeModelServer(answer: { _, body in
            served.wrappingAdd(1, ordering: .relaxed)
            return (200, body)
        }).withURL { url in
            let (outcome, report) = try await load(url) { $0.connections = 3 }
            #expect(outcome.failed == 0 && outcome.answered > 0)
            #expect(outcome.answered == served.load(ordering: .relaxed))
            #expect(outcome.latencies.totalCount == outcome.answered)
            let json = try JSONParser.parse(Array(report.json.utf8))
            #expect(json["mode"] == .string("closed") && json["latency_us"]?["p99.9"] != nil)
            #expect(report.text.contains("not\ncorrected for coordinated omission"))
        }
    }

    @Test(arguments: [(1_000, nil), (5_000, Duration.seconds(50))] as [(Double, Duration?)])
    func `an open loop sends what was asked for, no more and no less`(
        _ requestsPerSecond: Double,
        _ timeout: Duration?
    ) async throws {
        try await FakeModelServer(answer: { _, body in (200, body) }).withURL { url in
            let (outcome, report) = try await load(url) {
                $0.pace = .openLoop(requestsPerSecond: requestsPerSecond)
                $0.timeout = timeout
            }
            #expect(Double(outcome.answered) == requestsPerSecond * 0.3 && outcome.failed == 0)
            #expect(report.text.contains("corrected for coordinated omission"))
        }
    }

    @Test func `refusals and broken connections are failures and no latencies`() async throws {
        let count = Atomic<Int>(0)
        try await FakeModelServer(answer: { _, _ in
            switch count.wrappingAdd(1, ordering: .relaxed).newValue % 3 {
            case 0: (503, #"{"error":"full"}"#)
            case 1: (0, "")
            default: (200, "{}")
            }
        }).withURL { url in
            let (outcome, _) = try await load(url) {
                $0.connections = 1
                $0.duration = .seconds(1)
            }
            #expect(outcome.lost > 0 && outcome.refused[503] ?? 0 > 0 && outcome.answered > 0)
            #expect(outcome.latencies.totalCount == outcome.answered)
            #expect(outcome.firstFailure?.isEmpty == false)
        }
    }

    @Test func `what a server declines for a deadline is counted apart, what comes after it is late`() async throws {
        let count = Atomic<Int>(0)
        try await FakeModelServer(answer: { _, _ in
            switch count.wrappingAdd(1, ordering: .relaxed).newValue % 3 {
            case 0: (503, #"{"error":"Request timeout expired"}"#)
            case 1: (400, #"{"error":"no"}"#)
            default: (200, "{}")
            }
        }).withURL { url in
            let (outcome, report) = try await load(url) {
                $0.timeout = .seconds(50)
                $0.pace = .openLoop(requestsPerSecond: 300)
            }
            #expect(outcome.declined == 30 && outcome.refused == [400: 30] && outcome.answered == 30)
            #expect(outcome.late == 0 && outcome.failed == 30)
            #expect(outcome.sendDelays.totalCount == 90)
            let json = try JSONParser.parse(Array(report.json.utf8))
            #expect(json["declined"]?.integer == 30 && json["requests"]?.integer == 90)
            #expect(json["timeout_seconds"] != nil && json["send_delay_us"]?["p99"] != nil)
            #expect(report.text.contains("DEADLINE") && report.text.contains("after they were due"))
        }
    }

    @Test func `a deadline goes over the wire in gRPC's grammar`() throws {
        let prepared = try RequestBuilder(.sample("f FP32 -1 4")).zeroRequest(batch: nil)
        let request = try LoadRequest(prepared, model: ModelSelector(name: iris), isBinary: false)
        for (timeout, field) in [
            (Duration.milliseconds(50), "50000u"), (.seconds(99), "99000000u"), (.seconds(100), "100000m"),
            (.seconds(86_400), "86400000m"), (.milliseconds(1), "1000u"),
        ] {
            let text = String(decoding: request.encoded(for: .default, timeout: timeout), as: UTF8.self)
            #expect(text.contains("\r\nApus-Timeout: \(field)\r\n"))
        }
        #expect(!String(decoding: request.encoded(for: .default), as: UTF8.self).contains("Apus-Timeout"))
        var plan = LoadPlan(url: .default)
        plan.timeout = .zero
        #expect(throws: ClientError.self) { try plan.validate() }
    }

    @Test func `statistics come from the server's own page`() async throws {
        try await FakeModelServer(answer: { line, _ in
            line == "GET /v2/models/iris/versions/2/stats" ? (200, #"{"model_stats":[{"name":"iris"}]}"#) : (404, "{}")
        }).withURL { url in
            let answer = try await connect(url).statistics(
                of: ModelSelector(name: iris, version: .exact(ModelVersion(2)!))
            )
            #expect(try ServedStatistics.versions(fromJSON: answer).map(\.name) == ["iris"])
        }
    }

    @Test func `requests that a dead server never answered count as late, sent or not`() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let url = "http://127.0.0.1:\(server.localAddress?.port ?? 0)"
        let (outcome, _) = try await load(url) {
            $0.grace = .milliseconds(200)
            $0.connections = 2
            $0.pace = .openLoop(requestsPerSecond: 100)
        }
        #expect(outcome.unfinished == 30 && outcome.answered == 0 && outcome.errorRate == 1)
        #expect(outcome.latencies.min >= 200_000_000)
        try await server.close()
    }
}
