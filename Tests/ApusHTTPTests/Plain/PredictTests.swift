import ApusCore
import Testing

@testable import ApusHTTP

/// Plain JSON, CSV and bytes over a connection in process; the model answers with its inputs.
@Suite(.timeLimit(.minutes(1)))
struct PredictTests {
    private static let rows = [TensorSpecification(name: "x", dataType: .fp32, shape: [-1, 2])]

    private static func parts(_ inputs: [TensorSpecification] = PredictTests.rows) -> EdgeServer.Parts {
        var parts = EdgeServer.Parts()
        parts.models = [FakeModel("m", inputs: inputs)]
        return parts
    }

    @Test func `the answer mirrors the question`() async throws {
        try await EdgeServer.run(PredictTests.parts()) { server in
            let questions = [
                (#"{"data":[[1,2]],"parameters":{}}"#, #"{"predictions":[[1.0,2.0]]}"#),
                (#"{"inputs":{"x":[[1,2]]}}"#, #"{"outputs":{"x":[[1.0,2.0]]}}"#),
                (#"{"inputs":[1,2]}"#, #"{"outputs":[1.0,2.0]}"#), (#"{"x":[1,null]}"#, #"{"x":[1.0,null]}"#),
                ("[[1,2],[3,4]]", "[[1.0,2.0],[3.0,4.0]]"),
            ]
            for (question, expected) in questions {
                for path in ["/predict", "/predict/m"] {
                    let answer = try await server.ask("POST", path, json: question)
                    #expect(answer.body == expected)
                    #expect(answer.status == 200)
                    #expect(answer["Content-Type"] == "application/json")
                }
            }
            for query in [
                "input_data=1.0,2.0", "input_data=%5B%5B1,2%5D%5D", "input_data=[1,2]", "input_data=1%2E0,+2",
                "input_data=1%2C2",
            ] {
                let answer = try await server.ask("GET", "/predict?\(query)")
                #expect(answer.body == #"{"prediction":[[1.0,2.0]]}"#, "\(query)")
            }
            #expect(server.models[0].leases == 0)
        }
    }

    @Test func `a scalar is answered with a scalar`() async throws {
        let input = [TensorSpecification(name: "x", dataType: .int64, shape: [-1, 1])]
        try await EdgeServer.run(PredictTests.parts(input)) { server in
            #expect(try await server.ask("POST", "/predict", json: #"{"x":1.0}"#).body == #"{"x":1}"#)
            #expect(try await server.ask("POST", "/predict", json: "[5]").body == "5")
            let refused = try await server.ask("POST", "/predict", json: #"{"x":"3"}"#)
            #expect(refused.status == 400)
            #expect(refused.body.contains(#""field":"x""#))
        }
    }

    @Test func `what a request says reaches the model`() async throws {
        try await EdgeServer.run(PredictTests.parts()) { server in
            let json = #"{"data":[[1,2]],"parameters":{"priority":2,"timeout":5,"t":"y"}}"#
            _ = try await server.ask("POST", "/predict/m", ["Authorization: me"], json: json)
            let asked = try #require(server.models[0].asked.first)
            #expect(asked.inputs == ["x FP32[1,2]"])
            #expect(asked.priority == 2)
            #expect(asked.queueTimeout == 5000)
            #expect(asked.parameters == ["t": .string("y")])
            #expect(server.gate.questions.map(\.operation) == [.predict])
            #expect(server.observer.records.first?.operation == .predict)
        }
    }

    @Test func `the gate is asked about the model that is meant`() async throws {
        var parts = PredictTests.parts()
        parts.gate = FakeGate { _, model, _ in
            model?.description == "m" ? .deny(InferenceError(.permissionDenied, "not m")) : .allow(.anonymous)
        }
        try await EdgeServer.run(parts) { server in
            let answer = try await server.ask("POST", "/predict", json: "[1,2]")
            #expect(answer.status == 403)
            #expect(server.gate.questions.map(\.model) == ["m"])
            #expect(server.service.leaseCount == 0)
        }
    }

    @Test func `without a name the only model is asked, or the default one`() async throws {
        var parts = EdgeServer.Parts()
        parts.models = [FakeModel("a"), FakeModel("b"), FakeModel("a", version: 4)]
        try await EdgeServer.run(parts) { server in
            let answer = try await server.ask("POST", "/predict", json: "[1]")
            #expect(answer.status == 400)
            #expect(answer.body.contains("this server has 2: a, b"))
        }
        parts.defaultModel = "b"
        try await EdgeServer.run(parts) { server in
            let answer = try await server.ask("POST", "/predict", json: "[1]")
            #expect(answer.status == 200)
            #expect(server.models[1].asked.count == 1)
        }
        parts = EdgeServer.Parts()
        parts.models = [FakeModel("a", isReady: false)]
        try await EdgeServer.run(parts) { server in
            let answer = try await server.ask("POST", "/predict", json: "[1]")
            #expect(answer.status == 503)
        }
        parts.models = []
        try await EdgeServer.run(parts) { server in
            let answer = try await server.ask("POST", "/predict", json: "[1]")
            #expect(answer.status == 404)
        }
    }

    @Test func `CSV is answered with CSV`() async throws {
        try await EdgeServer.run(PredictTests.parts()) { server in
            let csv = ["Content-Type: text/csv"]
            let bodies = [
                ("1,2\r\n3,4\r\n", "1.0,2.0\n3.0,4.0\n"), ("1,2", "1.0,2.0\n"), ("x,x\n1,\n", "x[0],x[1]\n1.0,NaN\n"),
                ("height,width\n1,2\n", "x[0],x[1]\n1.0,2.0\n"), ("\u{feff}\"1\",+.5\n\n", "1.0,0.5\n"),
            ]
            for (body, expected) in bodies {
                let answer = try await server.ask("POST", "/predict", csv, body: Array(body.utf8))
                #expect(answer.body == expected)
                #expect(answer["Content-Type"] == "text/csv; charset=utf-8")
            }
            let json = try await server.ask(
                "POST",
                "/predict",
                csv + ["Accept: application/json"],
                body: Array("1,2".utf8)
            )
            #expect(json.body == #"{"predictions":[[1.0,2.0]]}"#)
            let asCSV = try await server.ask("POST", "/predict", ["Accept: text/csv"], json: "[1,2]")
            #expect(asCSV.body == "1.0,2.0\n")
            for (body, words) in [
                ("1,2\n3", "row 1 has 1 columns"), ("1,2\n3,x", "x[1][1]"), ("1,2,3", "shape [1,3]"),
                ("\"1,2", "not closed"),
                ("", "empty"), ("\n", "no row"), ("a,b\n", "no row"), ("\"1\"2,3", "behind a cell's closing quote"),
            ] {
                let answer = try await server.ask("POST", "/predict", csv, body: Array(body.utf8))
                #expect(answer.status == 400)
                #expect(answer.body.contains(words), "\(answer.body)")
            }
        }
    }

    @Test func `CSV names several inputs`() async throws {
        let inputs = [
            TensorSpecification(name: "a", dataType: .int64, shape: [-1, 1]),
            TensorSpecification(name: "t", dataType: .bytes, shape: [-1]),
        ]
        try await EdgeServer.run(PredictTests.parts(inputs)) { server in
            let body = Array("t,a\n\"x, \"\"y\"\"\",1\nplain,2.0\n".utf8)
            let answer = try await server.ask("POST", "/predict", ["Content-Type: text/csv"], body: body)
            #expect(answer.body == "a,t\n1,\"x, \"\"y\"\"\"\n2,plain\n")
            let unnamed = try await server.ask("POST", "/predict", ["Content-Type: text/csv"], body: Array("1,b".utf8))
            #expect(unnamed.body.contains("needs a first line that names them"))
            let unknown = try await server.ask(
                "POST",
                "/predict",
                ["Content-Type: text/csv"],
                body: Array("a,b\n1,2".utf8)
            )
            #expect(unknown.body.contains("has no input 'b'"))
        }
    }

    @Test func `bytes are the only input`() async throws {
        try await EdgeServer.run(PredictTests.parts()) { server in
            let binary = ["Content-Type: application/octet-stream"]
            let answer = try await server.ask("POST", "/predict", binary, body: Question.binary)
            #expect(answer.body == #"{"predictions":[[1.5,-2.5]]}"#)
            let back = try await server.ask(
                "POST",
                "/predict",
                binary + ["Accept: application/octet-stream"],
                body: Question.binary
            )
            #expect(back.bytes == Question.binary)
            #expect(try await server.ask("POST", "/predict", binary, body: [1]).status == 400)
        }
    }

    @Test func `what can't be read is refused with what to do`() async throws {
        try await EdgeServer.run(PredictTests.parts()) { server in
            let other = try await server.ask("POST", "/predict", ["Content-Type: application/xml"], json: "<a/>")
            #expect(other.status == 415)
            let unknown = try await server.ask("POST", "/predict/n", json: "[1,2]")
            #expect(unknown.status == 404)
            for path in ["/predict", "/predict?x=1", "/predict?input_data=1,2&input_data=3", "/predict?input_data=a,b"]
            {
                let answer = try await server.ask("GET", path)
                #expect(answer.status == 400, "\(path)")
                #expect(answer.body.contains(#""hint":"#))
            }
            #expect(try await server.ask("PUT", "/predict").status == 405)
            let v2 = try await server.ask("POST", "/predict", json: Question.json)
            #expect(v2.status == 400)
            #expect(v2.body.contains("/v2/models/MODEL/infer"))
        }
    }
}
