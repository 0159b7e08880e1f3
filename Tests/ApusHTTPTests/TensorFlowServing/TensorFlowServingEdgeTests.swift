import ApusCore
import Testing

@testable import ApusHTTP

/// TensorFlow Serving's interface, and KServe's first protocol, over a connection in process.
@Suite(.timeLimit(.minutes(1)))
struct TensorFlowServingEdgeTests {
    private static let path = "/v1/models/m:predict"
    private static let rows = TensorSpecification(name: "IN", dataType: .fp32, shape: [-1, 2])

    @Test func `predict answers in the form that it was asked in`() async throws {
        try await EdgeServer.run(EdgeServer.Parts(models: [FakeModel("m", inputs: [Self.rows])])) { server in
            for path in [Self.path, "/v1/models/m/versions/3:predict", "/V1/Models/m/Versions/03:PREDICT"] {
                let rows = try await server.ask("POST", path, json: #"{"instances":[[1,2],[3,4]]}"#)
                #expect(rows.status == 200)
                #expect(rows["Content-Type"] == "application/json")
                #expect(rows.body == #"{"predictions":[[1.0,2.0],[3.0,4.0]]}"#)
            }
            let columns = try await server.ask("POST", Self.path, json: #"{"inputs":{"IN":[[1,2]]}}"#)
            #expect(columns.body == #"{"outputs":[[1.0,2.0]]}"#)
            #expect(server.models[0].asked.map(\.inputs).suffix(2) == [["IN FP32[2,2]"], ["IN FP32[1,2]"]])
            #expect(server.models[0].leases == 0)
            #expect(server.observer.statuses == [200, 200, 200, 200])
        }
    }

    @Test func `examples are classified and regressed`() async throws {
        let value = TensorSpecification(name: "v", dataType: .fp64, shape: [-1, 1])
        let parts = EdgeServer.Parts(models: [FakeModel("m", inputs: [Self.rows]), FakeModel("r", inputs: [value])])
        try await EdgeServer.run(parts) { server in
            let classified = try await server.ask(
                "POST",
                "/v1/models/m:classify",
                json: #"{"examples":[{"IN":[0.5,0.25]}]}"#
            )
            #expect(classified.body == #"{"results":[[["0",0.5],["1",0.25]]]}"#)
            let regressed = try await server.ask(
                "POST",
                "/v1/models/r:regress",
                json: #"{"context":{"v":2},"examples":[{},{}]}"#
            )
            #expect(regressed.body == #"{"results":[2.0,2.0]}"#)
            #expect(server.models[1].asked.map(\.outputs) == [["v"]])
            let wrong = try await server.ask("POST", "/v1/models/m:regress", json: #"{"examples":[{"IN":[1,2]}]}"#)
            #expect(wrong.status == 400)
            #expect(wrong.body.hasPrefix(#"{"error":"model 'm' can't regress"#))
        }
    }

    @Test(arguments: [
        ("POST", "/v1/models/x:predict", 404, "Servable not found for request: Latest(x)"),
        ("POST", "/v1/models/m/versions/9:predict", 404, "Servable not found for request: Specific(m, 9)"),
        ("POST", "/v1/models/m/versions/0:predict", 404, "Servable not found for request: Specific(m, 0)"),
        ("POST", "/v1/models/m/versions/99999999999999999999:predict", 400, "Failed to convert version: "),
        ("POST", "/v1/models/m/labels/x:predict", 400, "Unrecognized servable version label: x"),
        ("POST", "/v1/models/a%2Fb:predict", 400, "illegal model name"),
        ("POST", "/v1/models/m:explain", 400, "Malformed request: POST /v1/models/m:explain"),
        ("GET", "/v1/models/m:predict", 400, "Malformed request: GET /v1/models/m:predict"),
        ("PUT", "/v1/models/m:predict", 400, "Malformed request: PUT /v1/models/m:predict"),
        ("POST", "/v1/models/m", 400, "Malformed request: POST /v1/models/m"),
        ("GET", "/v1/models/m/versions/1/labels/x", 400, "Malformed request: GET /v1/models/m/versions/1/labels/x"),
        ("GET", "/v1/models/", 400, "Missing model name in request."),
        ("GET", "/v1/other", 400, "Malformed request: GET /v1/other"),
        ("GET", "/v1/models/x", 404, "Could not find any versions of model x"),
        ("GET", "/v1/models/m/versions/9", 404, "Could not find version 9 of model m"),
        ("GET", "/v1/models/m/labels/x", 400, "Unrecognized servable version label: x"),
        ("GET", "/v1/models/x/metadata", 404, "Servable not found for request: Latest(x)"),
        ("POST", "/v1/models/m:predict", 400, "Missing 'inputs' or 'instances' key"),
    ])
    func `refusals have TensorFlow Serving's words and statuses`(
        _ verb: String,
        _ path: String,
        _ status: Int,
        _ words: String
    ) async throws {
        try await EdgeServer.run { server in
            let answer = try await server.ask(verb, path, json: "{}")
            #expect(answer.status == status)
            #expect(answer["Content-Type"] == "application/json")
            #expect(answer.body.hasPrefix(#"{"error":"\#(words)"#), "\(answer.body)")
            #expect(server.models[0].leases == 0)
        }
    }

    @Test(arguments: [
        (InferenceError.Code.resourceExhausted, 429), (.deadlineExceeded, 504), (.unavailable, 503),
        (.alreadyExists, 409), (.cancelled, 499), (.engineFailure, 500), (.unsupported, 501), (.permissionDenied, 403),
        (.invalidArgument, 400), (.tooLarge, 413), (.unauthenticated, 401), (.notFound, 404),
    ])
    func `each kind of failure has its status`(_ code: InferenceError.Code, _ status: Int) async throws {
        let model = FakeModel("m", mode: .fail(InferenceError(code, "words")))
        try await EdgeServer.run(EdgeServer.Parts(models: [model])) { server in
            let answer = try await server.ask("POST", Self.path, json: #"{"instances":[1]}"#)
            #expect(answer.status == status)
            #expect(answer.body.hasPrefix(#"{"error":"words""#))
        }
    }

    @Test func `what all inferences share holds for these too`() async throws {
        var parts = EdgeServer.Parts(models: [FakeModel("m", mode: .later)])
        parts.limits.maxBodyBytes = 1000
        try await EdgeServer.run(parts) { server in
            let large = try await server.ask("POST", Self.path, body: [UInt8](repeating: 32, count: 1001))
            #expect(large.status == 413)
            #expect(large.body.hasPrefix(#"{"error":""#))
            let coding = try await server.ask("POST", Self.path, ["Content-Encoding: br"], json: "{}")
            #expect(coding.status == 501)
            #expect(coding["Accept-Encoding"] == "gzip, deflate")
            let timeout = try await server.ask("POST", Self.path, ["Apus-Timeout: x"], json: #"{"instances":[1]}"#)
            #expect(timeout.status == 400)
            let connection = try await server.connect()
            try await connection.send(
                EdgeConnection.request("POST", Self.path, ["Apus-Timeout: 1S"], body: Array(#"{"instances":[1]}"#.utf8))
            )
            #expect(server.models[0].asked.count == 1)
            #expect(server.models[0].asked[0].deadline.time != nil)
            try await connection.close()
        }
    }

    @Test func `status, metadata and lists serve clients of several kinds`() async throws {
        let parts = EdgeServer.Parts(
            models: [FakeModel("m", version: 2), FakeModel("m", version: 3), FakeModel("x", isReady: false)]
        )
        try await EdgeServer.run(parts) { server in
            let status = try await server.ask("GET", "/v1/models/m")
            #expect(status.status == 200)
            #expect(status.body.hasPrefix(#"{"model_version_status":[{"version":"3","state":"AVAILABLE","status":{"#))
            #expect(status.body.contains(#""name":"m","ready":true"#))
            let one = try await server.ask("GET", "/v1/models/m/versions/2")
            #expect(one.body.hasPrefix(#"{"model_version_status":[{"version":"2","#))
            #expect(!one.body.contains(#""version":"3""#))
            let broken = try await server.ask("GET", "/v1/models/x")
            #expect(broken.status == 200)
            #expect(broken.body.contains(#""state":"END","status":{"error_code":"UNKNOWN","error_message":"broken"}"#))
            #expect(broken.body.contains(#""ready":false"#))
            let metadata = try await server.ask("GET", "/v1/models/m/versions/2/METADATA")
            #expect(metadata.body.hasPrefix(#"{"model_spec":{"name":"m","signature_name":"","version":"2"}"#))
            #expect(try await server.ask("GET", "/").body == #"{"status":"alive"}"#)
            #expect(
                try await server.ask("GET", "/v1/models").body
                    == #"{"models":["m"],"object":"list","data":[{"id":"m","object":"model","created":0,"owned_by":"apus"}]}"#
            )
            for model in server.models { #expect(model.leases == 0) }
        }
    }
}
