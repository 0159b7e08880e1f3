import ApusCore
import NIOCore
import Testing

@testable import ApusHTTP

/// The operations that are no inference, the gate, and errors, over a connection in process.
@Suite(.timeLimit(.minutes(1)))
struct HTTPEdgeTests {
    private static let walk = Operation.allCases.flatMap { operation in operation.routes.map { (operation, $0) } }

    @Test(arguments: walk) func `a closed gate refuses every route before its body`(
        _ operation: Operation,
        _ route: HTTPRoute
    ) async throws {
        try await EdgeServer.run(EdgeServer.Parts(gate: .closed)) { server in
            let answer = try await server.ask(
                route.verb.rawValue,
                RouteTableTests.path(of: route),
                ["Authorization: Bearer x"],
                json: "{not json"
            )
            #expect(answer.status == 403)
            #expect(answer.body == #"{"error":"no \#(operation.rawValue)","code":"permission_denied"}"#)
            #expect(answer["Connection"] == "close")
            #expect(
                server.gate.questions == [
                    FakeGate.Question(
                        operation: operation,
                        // Without a name it is the only model: the gate must know whom it lets in.
                        model: route.pattern.contains("{model}") || operation == .predict ? "m" : nil,
                        authorization: "Bearer x"
                    )
                ]
            )
            #expect(server.service.leaseCount == 0)
            #expect(server.service.lookCount == (route.pattern == "/predict" ? 1 : 0))
            #expect(server.observer.statuses == [403])
        }
    }

    @Test(arguments: walk) func `a closed gate refuses while the body is still to come`(
        _ operation: Operation,
        _ route: HTTPRoute
    ) async throws {
        try await EdgeServer.run(EdgeServer.Parts(gate: .closed)) { server in
            let connection = try await server.connect()
            let head = EdgeConnection.request(
                route.verb.rawValue,
                RouteTableTests.path(of: route),
                ["Content-Length: 1000"]
            )
            try await connection.send(head)
            #expect(try await connection.answerNow()?.status == 403)
            try await connection.close()
        }
    }

    @Test func `what the gate doesn't know is denied`() async throws {
        let gate = FakeGate { operation, _, _ in
            operation == .serverLive
                ? .allow(.anonymous) : .deny(InferenceError(.unauthenticated, "who are you?"))
        }
        try await EdgeServer.run(EdgeServer.Parts(gate: gate)) { server in
            for (operation, route) in HTTPEdgeTests.walk {
                let answer = try await server.ask(route.verb.rawValue, RouteTableTests.path(of: route))
                #expect(answer.status == (operation == .serverLive ? 200 : 401), "\(route)")
            }
            #expect(server.service.leaseCount == 0)
        }
    }

    @Test func `a path that leads nowhere never gets past the gate`() async throws {
        try await EdgeServer.run { server in
            for path in ["/v1", "/v2/x", "/v2/models/m/versions/x/y", "/v2/health/live/", "/V2", "/%762"] {
                let answer = try await server.ask("GET", path)
                #expect(answer.status == 404, "\(path)")
                #expect(
                    answer.body
                        == #"{"error":"Not Found","code":"not_found","hint":"inference ports have the paths of the v2 protocol, GET /v2/models for one; the metrics port has /metrics"}"#
                )
            }
            #expect(server.gate.questions.isEmpty)
        }
    }

    @Test(arguments: walk.filter { !$0.1.pattern.hasPrefix("/v1/") })
    func `a wrong verb is answered with the right one`(
        _ operation: Operation,
        _ route: HTTPRoute
    ) async throws {
        // A path may be looked at with one verb and changed with another.
        let verbs = HTTPEdgeTests.walk.map(\.1).filter { $0.pattern == route.pattern }.map(\.verb.rawValue)
        let allowed = verbs.joined(separator: ", ")
        try await EdgeServer.run { server in
            for verb in ["PUT", "DELETE", "OPTIONS", "get", "POST", "GET"] where !verbs.contains(verb) {
                let answer = try await server.ask(verb, RouteTableTests.path(of: route))
                #expect(answer.status == 405)
                #expect(answer["Allow"] == allowed)
                #expect(answer["Connection"] == nil)
                #expect(
                    answer.body
                        == #"{"error":"Method Not Allowed","code":"method_not_allowed","expected":"\#(allowed)","got":"\#(verb)"}"#
                )
            }
        }
    }

    @Test func `health is answered with JSON`() async throws {
        try await EdgeServer.run { server in
            let live = try await server.ask("GET", "/v2/health/live")
            #expect(live.status == 200)
            #expect(live.body == #"{"live":true}"#)
            #expect(live["Content-Type"] == "application/json")
            let ready = try await server.ask("GET", "/v2/health/ready?verbose")
            #expect(ready.status == 200)
            #expect(ready.body == #"{"live":true,"ready":true}"#)
        }
        try await EdgeServer.run(EdgeServer.Parts(health: FakeHealth(isLive: false, isReady: false))) { server in
            let live = try await server.ask("GET", "/v2/health/live")
            #expect(live.status == 503)
            #expect(live.body == #"{"live":false}"#)
            let ready = try await server.ask("GET", "/v2/health/ready")
            #expect(ready.status == 503)
            #expect(ready.body == #"{"live":true,"ready":false}"#)
            #expect(server.observer.statuses == [503, 503])
        }
    }

    @Test func `the server and its models say what they are`() async throws {
        let parts = EdgeServer.Parts(
            models: [
                FakeModel("b", version: 1), FakeModel("m", version: 2), FakeModel("m"), FakeModel("x", isReady: false),
            ]
        )
        try await EdgeServer.run(parts) { server in
            let metadata = try await server.ask("GET", "/v2")
            #expect(metadata.body.hasPrefix(#"{"name":"apus","version":"0","extensions":["#))
            #expect(try await server.ask("GET", "/v2/").body == metadata.body)
            #expect(try await server.ask("GET", "/v2/models").body == #"{"models":["b","m"]}"#)
            let tensors = #"[{"name":"IN","datatype":"FP32","shape":[-1]}]"#
            #expect(
                try await server.ask("GET", "/v2/models/m").body
                    == #"{"name":"m","versions":["2","3"],"platform":"fake","inputs":\#(tensors),"outputs":\#(tensors)}"#
            )
            #expect(
                try await server.ask("GET", "/v2/models/m/versions/2").body.hasPrefix(#"{"name":"m","versions":["2"],"#)
            )
            #expect(try await server.ask("GET", "/v2/models/m/config").body == #"{"name":"m"}"#)
            let metrics = try await server.ask("GET", "/metrics")
            #expect(metrics.body == "up 1\n")
            #expect(metrics["Content-Type"] == "text/plain; charset=utf-8")
            for model in server.models { #expect(model.leases == 0) }
        }
    }

    @Test func `a model is ready, not ready or unknown`() async throws {
        let parts = EdgeServer.Parts(models: [FakeModel("m"), FakeModel("x", isReady: false)])
        try await EdgeServer.run(parts) { server in
            let ready = try await server.ask("GET", "/v2/models/%6d/ready")
            #expect(ready.status == 200)
            #expect(ready.body == #"{"name":"m","ready":true}"#)
            let broken = try await server.ask("GET", "/v2/models/x/ready")
            #expect(broken.status == 503)
            #expect(broken.body.hasPrefix(#"{"name":"x","ready":false,"error":""#))
            let unknown = try await server.ask("GET", "/v2/models/y/ready")
            #expect(unknown.status == 404)
            #expect(
                unknown.body.hasPrefix(#"{"error":"Request for unknown model: 'y' is not found","code":"not_found""#)
            )
        }
    }

    @Test func `a model that is live and can answer nothing isn't ready, and the server is`() async throws {
        let gone = InferenceError(.unavailable, "all instances of the model are lost", hint: "wait")
        try await EdgeServer.run(EdgeServer.Parts(models: [FakeModel("m", mode: .none(gone))])) { server in
            for path in ["/v2/models/m/ready", "/v2/models/m/versions/3/ready"] {
                let answer = try await server.ask("GET", path)
                #expect(answer.status == 503)
                #expect(answer.body.hasPrefix(#"{"name":"m","ready":false,"error":"all instances of the model"#))
            }
            #expect(try await server.ask("GET", "/v2/health/ready").status == 200)
        }
    }

    @Test func `statistics are of all models or of one`() async throws {
        let parts = EdgeServer.Parts(models: [FakeModel("b"), FakeModel("m", version: 2), FakeModel("m")])
        try await EdgeServer.run(parts) { server in
            let paths = ["/v2/models/stats", "/v2/models/m/stats", "/v2/models/m/versions/2/stats"]
            for (path, count) in zip(paths, [3, 2, 1]) {
                let answer = try await server.ask("GET", path)
                #expect(answer.status == 200)
                #expect(answer.body.split(separator: #"{"name":"#).count - 1 == count)
            }
            let unknown = try await server.ask("GET", "/v2/models/y/stats")
            #expect(unknown.status == 400)
        }
    }

    @Test func `the index lists all models or the ready ones`() async throws {
        let parts = EdgeServer.Parts(models: [FakeModel("m"), FakeModel("x", isReady: false)])
        try await EdgeServer.run(parts) { server in
            let ready = #"{"name":"m","version":"3","state":"READY"}"#
            let broken = #"{"name":"x","version":"3","state":"UNAVAILABLE","reason":"broken"}"#
            #expect(try await server.ask("POST", "/v2/repository/index").body == "[\(ready),\(broken)]")
            #expect(try await server.ask("POST", "/v2/repository/r/index", json: "{}").body == "[\(ready),\(broken)]")
            #expect(
                try await server.ask("POST", "/v2/repository/index", json: #"{"ready":true}"#).body == "[\(ready)]"
            )
            let bad = try await server.ask("POST", "/v2/repository/index", json: #"{"ready":1}"#)
            #expect(bad.status == 400)
            #expect(bad.body.contains(#""field":"ready""#))
        }
    }

    @Test func `an index request that is too large is the client's fault, in the words of the protocol`() async throws {
        try await EdgeServer.run { server in
            let json = #"{"x":"\#(String(repeating: "x", count: 2 << 20))"}"#
            let answer = try await server.ask("POST", "/v2/repository/index", json: json)
            #expect(answer.status == 413)
            #expect(answer.body.hasPrefix(#"{"error":""#))
        }
    }

    @Test(arguments: [
        "a%2Fb", "%2e%2e", "..", ".", "%00", "a%20b", "%", "%C3%BC", "%ff", String(repeating: "a", count: 256),
    ])
    func `a name that no model can have is a bad request everywhere`(_ name: String) async throws {
        try await EdgeServer.run { server in
            for (operation, route) in HTTPEdgeTests.walk where route.pattern.contains("{model}") {
                let path = RouteTableTests.path(of: route, model: name)
                let answer = try await server.ask(route.verb.rawValue, path, json: "{}")
                #expect(answer.status == 400, "\(operation) \(path): \(answer.body)")
                #expect(answer.body.contains(#""field":"model","expected":"[A-Za-z0-9._-]{1,255}""#))
            }
            #expect(server.service.leaseCount == 0)
        }
    }

    @Test(arguments: [
        ["Origin: http://evil.example"], ["Origin: null"], ["Host: evil.example"], ["Host: evil.example:8000"],
        ["Host: 127.0.0.1.evil.example"], ["Host: 128.0.0.1"], ["Host: "],
    ])
    func `web pages don't operate a server`(_ fields: [String]) async throws {
        try await EdgeServer.run { server in
            for (operation, route) in HTTPEdgeTests.walk where operation.role >= .operate {
                let path = RouteTableTests.path(of: route)
                let answer = try await server.ask(route.verb.rawValue, path, fields, json: "{}")
                #expect(answer.status == 403, "\(operation) \(path): \(answer.body)")
            }
            // What only looks stays open to them.
            #expect(try await server.ask("GET", "/v2", fields).status == 200)
        }
    }

    @Test(arguments: ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:8000", "apus.test:1"])
    func `under its own names it is operated`(_ host: String) async throws {
        try await EdgeServer.run { server in
            let answer = try await server.ask("POST", "/v2/repository/models/m/load", ["Host: \(host)"], json: "{}")
            #expect(answer.status != 403, "\(answer.body)")
        }
    }

    @Test(arguments: ["0", "01", "9223372036854775808", "99999999999999999999999999", "4"])
    func `a version that isn't there is not found anywhere`(_ version: String) async throws {
        try await EdgeServer.run { server in
            for (operation, route) in HTTPEdgeTests.walk where route.pattern.contains("{version}") {
                let path = RouteTableTests.path(of: route, version: version)
                let answer = try await server.ask(route.verb.rawValue, path, json: "{}")
                // A version that could be there: the statistics say 400, as Triton does, and the model isn't ready.
                if version == "4", operation == .modelStatistics || operation == .modelReady { continue }
                #expect(answer.status == 404, "\(operation) \(path): \(answer.body)")
                #expect(answer.body.contains("version \(version) is not found"))
            }
        }
    }

    @Test func `HEAD is GET without the body`() async throws {
        try await EdgeServer.run { server in
            let answer = try await server.ask("HEAD", "/v2/health/live")
            #expect(answer.status == 200)
            #expect(answer["Content-Length"] == "13")
            #expect(answer.bytes.isEmpty)
            let unknown = try await server.ask("HEAD", "/v2/x")
            #expect(unknown.status == 404)
            #expect(unknown.bytes.isEmpty)
        }
    }

    @Test func `what is no request is answered in the words of the protocol`() async throws {
        try await EdgeServer.run { server in
            let connection = try await server.connect()
            try await connection.send(Array("GET /v2 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".utf8))
            let answer = try await connection.answer()
            #expect(answer.status == 400)
            #expect(answer.body == #"{"error":"expected exactly one Host header field","code":"invalid_argument"}"#)
            #expect(answer["Connection"] == "close")
            #expect(server.observer.statuses == [400])
        }
    }

    @Test func `operations on one connection are answered in order`() async throws {
        try await EdgeServer.run { server in
            let connection = try await server.connect()
            let paths = ["/v2/health/live", "/v2", "/v2/models/m/ready", "/v2/models", "/v2/x", "/v2/health/ready"]
            try await connection.send(paths.flatMap { EdgeConnection.request("GET", $0) })
            var bodies: [String] = []
            for _ in paths { bodies.append(String(try await connection.answer().body.prefix(9))) }
            #expect(
                bodies == [#"{"live":t"#, #"{"name":""#, #"{"name":""#, #"{"models""#, #"{"error":"#, #"{"live":t"#]
            )
            try await connection.close()
        }
    }

    @Test func `how an operation ended is recorded`() async throws {
        try await EdgeServer.run { server in
            _ = try await server.ask("GET", "/v2/models/m/versions/3")
            _ = try await server.ask("GET", "/v2/models/y")
            #expect(server.observer.records.map(\.status) == [200, 404])
            #expect(server.observer.records.map(\.operation) == [.modelMetadata, .modelMetadata])
            #expect(server.observer.records.map { $0.model?.description } == ["m", "y"])
            #expect(server.observer.records.map { $0.version?.number } == [3, nil])
            #expect(server.observer.records.map { $0.code?.label } == [nil, "not_found"])
        }
    }
}
