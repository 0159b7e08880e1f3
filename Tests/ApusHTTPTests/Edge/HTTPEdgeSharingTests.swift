import ApusCore
import ApusListener
import NIOCore
import NIOEmbedded
import Testing

@testable import ApusHTTP

/// Late answers, and connections that share one event loop and with it one edge.
@Suite(.timeLimit(.minutes(1)))
struct HTTPEdgeSharingTests {
    @Test func `late answers from another thread keep their order`() async throws {
        let model = FakeModel("m", mode: .later)
        try await EdgeServer.run(EdgeServer.Parts(models: [model])) { server in
            let connection = try await server.connect()
            let requests = (1...5).map { "{\"id\":\"\($0)\",\(Question.json.dropFirst())" }
            try await connection.send(
                requests.flatMap { EdgeConnection.request("POST", Question.path, body: Array($0.utf8)) }
            )
            for number in 1...5 {
                #expect(model.asked.map(\.id) == (1...number).map(String.init))
                model.answerAll()
                #expect(try await connection.answer().body.hasPrefix(#"{"id":"\#(number)""#))
                try await server.eventLoop.executeInContext {}
            }
            #expect(model.leases == 0)
            try await connection.close()
        }
    }

    @Test func `a body that comes after another connection's request is answered as what it is`() async throws {
        let models = [FakeModel("m"), FakeModel("other")]
        try await EdgeServer.run(EdgeServer.Parts(models: models)) { server in
            let body = Array(Question.json.utf8)
            let slow = try await server.connect()
            let fast = try await server.connect()
            let request = EdgeConnection.request("POST", Question.path, ["Authorization: slow"], body: body)
            try await slow.send(Array(request.dropLast(body.count)))
            try await fast.send(EdgeConnection.request("GET", "/v2/health/live", ["Authorization: fast"]))
            #expect(try await fast.answer().body == #"{"live":true}"#)
            try await slow.send(body)
            #expect(try await slow.answerNow()?.body == Question.answer)
            #expect(models[0].asked.map(\.caller.key) == ["slow"])
            try await slow.close()
            try await fast.close()
        }
    }

    @Test func `a body is never taken for the model and the caller of another connection`() async throws {
        let models = [FakeModel("m"), FakeModel("other")]
        let gate = FakeGate { _, model, credentials in
            model?.description == credentials.authorization
                ? .allow(Caller(key: credentials.authorization)) : .deny(InferenceError(.permissionDenied, "no"))
        }
        try await EdgeServer.run(EdgeServer.Parts(models: models, gate: gate)) { server in
            let body = Array(Question.json.utf8)
            let first = try await server.connect()
            let second = try await server.connect()
            for (connection, model) in [(first, "m"), (second, "other")] {
                let request = EdgeConnection.request(
                    "POST",
                    "/v2/models/\(model)/infer",
                    ["Authorization: \(model)"],
                    body: body
                )
                try await connection.send(Array(request.dropLast(body.count)))
            }
            try await first.send(body)
            try await second.send(body)
            #expect(models[0].asked.map(\.caller.key) == ["m"])
            #expect(models[1].asked.map(\.caller.key) == ["other"])
            #expect(try await first.answerNow()?.body.contains(#""model_name":"m""#) == true)
            #expect(try await second.answerNow()?.body.contains(#""model_name":"other""#) == true)
            try await first.close()
            try await second.close()
        }
    }

    @Test func `a request is cancelled when nobody waits for it any more`() async throws {
        // ARCHITECTURE §3 point 6: the run is terminated.
        let model = FakeModel("m", mode: .later)
        try await EdgeServer.run(EdgeServer.Parts(models: [model])) { server in
            let connection = try await server.connect()
            try await connection.send(
                EdgeConnection.request("POST", Question.path, body: Array(Question.json.utf8))
            )
            #expect(model.asked.count == 1)
            try await connection.close()
            #expect(model.cancelCount == 1)
            model.answerAll()
            try await server.eventLoop.executeInContext {}
            #expect(model.leases == 0)
        }
    }

    @Test func `an answer for a connection that has gone gives its lease back`() async throws {
        let model = FakeModel("m", mode: .later)
        try await EdgeServer.run(EdgeServer.Parts(models: [model])) { server in
            let connection = try await server.connect()
            try await connection.send(
                EdgeConnection.request("POST", Question.path, body: Array(Question.json.utf8))
            )
            try await connection.close()
            #expect(model.leases == 1)
            model.answerAll()
            try await server.eventLoop.executeInContext {}
            #expect(model.leases == 0)
        }
    }

    @Test(arguments: [false, true])
    func `a request whose client has gone is counted once, as that`(fails: Bool) async throws {
        let model = FakeModel("m", mode: .later)
        try await EdgeServer.run(EdgeServer.Parts(models: [model])) { server in
            let connection = try await server.connect()
            try await connection.send(
                EdgeConnection.request("POST", Question.path, body: Array(Question.json.utf8))
            )
            try await connection.close()
            if fails {
                model.failAll(with: InferenceError(.cancelled, "gone"))
            } else {
                model.answerAll()
            }
            try await server.eventLoop.executeInContext {}
            #expect(server.observer.statuses == [499])
            #expect(server.observer.records.map(\.status) == [499])
            #expect(server.observer.records.first?.code == .cancelled)
            #expect(server.observer.records.first?.bytesOut == 0)
        }
    }

    @Test(arguments: [false, true])
    func `a request that the server cut off is counted once, as what it was told`(fails: Bool) async throws {
        let model = FakeModel("m", mode: .later)
        try await EdgeServer.run(EdgeServer.Parts(models: [model])) { server in
            let connection = try await server.connect()
            try await connection.send(
                EdgeConnection.request("POST", Question.path, body: Array(Question.json.utf8))
            )
            server.services.abandon()
            try await server.eventLoop.executeInContext {}
            #expect(try await connection.answer().status == 503)
            #expect(model.cancelCount == 1)
            if fails {
                model.failAll(with: InferenceError(.cancelled, "gone"))
            } else {
                model.answerAll()
            }
            try await server.eventLoop.executeInContext {}
            #expect(server.observer.statuses == [503])
            #expect(server.observer.records.map(\.status) == [503])
        }
    }
}
