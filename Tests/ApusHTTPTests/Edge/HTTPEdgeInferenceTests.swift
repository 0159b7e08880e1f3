import ApusCore
import NIOCore
import Testing

@testable import ApusHTTP

/// Inferences over a connection in process.
@Suite(.timeLimit(.minutes(1)))
struct HTTPEdgeInferenceTests {
    @Test func `JSON is answered with JSON`() async throws {
        try await EdgeServer.run { server in
            for path in ["/v2/models/m/infer", "/v2/models/m/versions/3/infer", "/v2/models/%6D/infer?x=y"] {
                let answer = try await server.ask("POST", path, json: Question.json)
                #expect(answer.status == 200)
                #expect(answer.body == Question.answer)
                #expect(answer["Content-Type"] == "application/json")
                #expect(answer["Inference-Header-Content-Length"] == nil)
                #expect(answer["Content-Encoding"] == nil)
            }
            #expect(server.models[0].leases == 0)
            #expect(server.observer.statuses == [200, 200, 200])
        }
    }

    @Test func `what a request says reaches the model`() async throws {
        try await EdgeServer.run { server in
            let json =
                #"{"id":"r1","parameters":{"priority":2,"timeout":5,"x":"y"},"outputs":[{"name":"IN"}],"#
                + Question.json.dropFirst()
            let answer = try await server.ask("POST", Question.path, ["Authorization: me"], json: json)
            #expect(answer.body.hasPrefix(#"{"id":"r1","model_name":"m""#))
            let asked = try #require(server.models[0].asked.first)
            #expect(asked.id == "r1")
            #expect(asked.caller == Caller(key: "me"))
            #expect(asked.inputs == ["IN FP32[2]"])
            #expect(asked.outputs == ["IN"])
            #expect(asked.priority == 2)
            #expect(asked.parameters == ["x": .string("y")])
            #expect(asked.queueTimeout == 5000)
            #expect(asked.deadline == .none)
            let record = try #require(server.observer.records.first)
            #expect(record.requestID == "r1")
            #expect(record.inputs.map(\.description) == ["IN[2]"])
            #expect(record.bytesIn == UInt64(json.utf8.count))
            #expect(record.bytesOut == UInt64(answer.bytes.count))
        }
    }

    @Test func `binary tensors come and go`() async throws {
        try await EdgeServer.run { server in
            let json = Question.binaryJSON + "}"
            let body = Array(json.utf8) + Question.binary
            let field = "Inference-Header-Content-Length: \(json.utf8.count)"
            let plain = try await server.ask("POST", Question.path, [field], body: body)
            #expect(plain.body == Question.answer)
            let both = Question.binaryJSON + #","outputs":[{"name":"IN","parameters":{"binary_data":true}}]}"#
            let answer = try await server.ask(
                "POST",
                Question.path,
                ["Inference-Header-Content-Length: \(both.utf8.count)"],
                body: Array(both.utf8) + Question.binary
            )
            let head =
                #"{"model_name":"m","model_version":"3","outputs":[{"name":"IN","datatype":"FP32","shape":[2],"#
                + #""parameters":{"binary_data_size":8}}]}"#
            #expect(answer.bytes == Array(head.utf8) + Question.binary)
            #expect(answer["Inference-Header-Content-Length"] == String(head.utf8.count))
            #expect(answer["Content-Type"] == "application/octet-stream")
        }
    }

    @Test func `a raw binary request is its one input and is answered in binary`() async throws {
        try await EdgeServer.run { server in
            let answer = try await server.ask(
                "POST",
                Question.path,
                ["Inference-Header-Content-Length: 0"],
                body: Question.binary
            )
            #expect(answer.status == 200)
            #expect(server.models[0].asked.first?.inputs == ["IN FP32[2]"])
            let length = try #require(answer["Inference-Header-Content-Length"].flatMap { Int($0) })
            #expect(Array(answer.bytes[length...]) == Question.binary)
            let odd = try await server.ask(
                "POST",
                Question.path,
                ["Inference-Header-Content-Length: 0"],
                body: [1, 2, 3]
            )
            #expect(odd.status == 400)
            #expect(odd.body.contains("input byte size mismatch for input 'IN' for model 'm'"))
        }
    }

    @Test(arguments: [
        "-1", "+1", "-0", "1e3", "0x10", "", "x", "1 0", "99999999999999999999", "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615", "1000", "101",
    ])
    func `a length of the JSON part that lies is a bad request`(_ length: String) async throws {
        try await EdgeServer.run { server in
            let json = Question.binaryJSON + "}"
            let body = Array(json.utf8) + Question.binary
            let answer = try await server.ask(
                "POST",
                Question.path,
                ["Inference-Header-Content-Length: \(length)"],
                body: body
            )
            #expect(answer.status == 400)
            #expect(answer.body.contains(#""field":"Inference-Header-Content-Length""#), "\(answer.body)")
            #expect(server.models[0].asked.isEmpty)
            // And the server goes on serving.
            #expect(
                try await server.ask("POST", Question.path, json: Question.json).status == 200
            )
        }
    }

    @Test func `a length of the JSON part that is off anywhere is a bad request`() async throws {
        try await EdgeServer.run { server in
            let json = Question.binaryJSON + "}"
            let body = Array(json.utf8) + Question.binary
            let connection = try await server.connect()
            for length in 1...body.count where length != json.utf8.count {
                try await connection.send(
                    EdgeConnection.request(
                        "POST",
                        Question.path,
                        ["Inference-Header-Content-Length: \(length)"],
                        body: body
                    )
                )
                #expect(try await connection.answer().status == 400, "\(length)")
            }
            #expect(server.models[0].asked.isEmpty)
            #expect(server.models[0].leases == 0)
            try await connection.close()
        }
    }

    @Test func `malformed JSON is a bad request wherever it ends`() async throws {
        try await EdgeServer.run { server in
            let json = Array(Question.json.utf8)
            let connection = try await server.connect()
            for count in 0..<json.count {
                let request = EdgeConnection.request("POST", Question.path, body: Array(json[..<count]))
                try await connection.send(request)
                let answer = try await connection.answer()
                #expect(answer.status == 400, "\(count)")
                #expect(answer.body.hasPrefix(#"{"error":""#))
                #expect(answer.body.contains(#""code":"invalid_argument""#))
            }
            #expect(server.models[0].leases == 0)
            try await connection.close()
        }
    }

    @Test func `an unknown model or version is told in Triton's words`() async throws {
        try await EdgeServer.run { server in
            let model = try await server.ask("POST", "/v2/models/y/infer", json: "{not json")
            #expect(model.status == 404)
            #expect(
                model.body
                    == #"{"error":"Request for unknown model: 'y' is not found","code":"not_found","field":"model"}"#
            )
            let version = try await server.ask("POST", "/v2/models/m/versions/9/infer", json: "{not json")
            #expect(version.status == 404)
            #expect(
                version.body
                    == #"{"error":"Request for unknown model: 'm' version 9 is not found","code":"not_found"}"#
            )
            #expect(server.observer.records.map { $0.code?.label } == ["not_found", "not_found"])
        }
    }

    @Test func `a failure of the model has its status and its words`() async throws {
        let model = FakeModel("m", mode: .fail(InferenceError(.unavailable, "Exceeds maximum queue size")))
        try await EdgeServer.run(EdgeServer.Parts(models: [model])) { server in
            let answer = try await server.ask("POST", Question.path, json: Question.json)
            #expect(answer.status == 503)
            #expect(answer["Retry-After"] == "1")
            #expect(answer.body == #"{"error":"Exceeds maximum queue size","code":"unavailable"}"#)
            #expect(answer["Connection"] == nil)
            #expect(server.observer.records.first?.code == .unavailable)
            #expect(model.leases == 0)
        }
    }

    @Test func `a time-out comes from the header or the parameters`() async throws {
        try await EdgeServer.run { server in
            let now = server.time.now
            let fields = ["X: y", "apus-timeout: 100m", "Apus-Timeout: 99999999H"]
            let times = [nil, now.advanced(byNanoseconds: 100_000_000), MonotonicTime(nanoseconds: .max)]
            for (field, time) in zip(fields, times) {
                let answer = try await server.ask(
                    "POST",
                    Question.path,
                    [field],
                    json: Question.json
                )
                #expect(answer.status == 200)
                #expect(server.models[0].asked.last?.deadline.time == time)
            }
            for bad in ["", "100", "1s", "-1m", "123456789m"] {
                let answer = try await server.ask(
                    "POST",
                    Question.path,
                    ["Apus-Timeout: \(bad)"],
                    json: Question.json
                )
                #expect(answer.status == 400, "\(bad)")
                #expect(answer.body.contains(#""field":"Apus-Timeout""#))
            }
            #expect(server.models[0].leases == 0)
        }
    }

    @Test func `the phases are in the answer's head only when they are asked for`() async throws {
        try await EdgeServer.run { server in
            let plain = try await server.ask("POST", Question.path, json: Question.json)
            #expect(plain["Server-Timing"] == nil)
            let answer = try await server.ask("POST", Question.path, ["Apus-Timing: 1"], json: Question.json)
            #expect(answer.body == plain.body)
            #expect(
                answer["Server-Timing"]
                    == "decode;dur=0.000000, queue;dur=0.000000, batch;dur=0.000000, input;dur=0.000000, "
                    + #"compute;dur=0.000000, output;dur=0.000000, total;dur=0.000000, version;desc="3""#
            )
        }
    }

    @Test func `BYTES that are no text can be had as binary only`() async throws {
        let model = FakeModel("m", inputs: [TensorSpecification(name: "IN", dataType: .bytes, shape: [-1])])
        try await EdgeServer.run(EdgeServer.Parts(models: [model])) { server in
            let bytes: [UInt8] = [2, 0, 0, 0, 0xff, 0xfe]
            let json = #"{"inputs":[{"name":"IN","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":6}}]"#
            for (rest, status) in [("}", 400), (#","parameters":{"binary_data_output":true}}"#, 200)] {
                let whole = json + rest
                let answer = try await server.ask(
                    "POST",
                    Question.path,
                    ["Inference-Header-Content-Length: \(whole.utf8.count)"],
                    body: Array(whole.utf8) + bytes
                )
                #expect(answer.status == status)
            }
            #expect(model.leases == 0)
        }
    }
}
