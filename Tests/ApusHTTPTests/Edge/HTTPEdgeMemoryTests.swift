import ApusCore
import NIOEmbedded
import Testing

@testable import ApusHTTP

/// What requests and answers hold of the byte budget, and limits on answers.
@Suite(.timeLimit(.minutes(1)))
struct HTTPEdgeMemoryTests {
    /// A request with so many numbers.
    private func json(_ count: Int) -> String {
        let data = [String](repeating: "1", count: count).joined(separator: ",")
        return #"{"inputs":[{"name":"IN","shape":[\#(count)],"datatype":"FP32","data":[\#(data)]}]}"#
    }

    @Test func `an answer that might be larger than allowed is refused`() async throws {
        var limits = InputLimits()
        limits.maxAnswerBytes = 10_000
        try await EdgeServer.run(EdgeServer.Parts(limits: limits)) { server in
            #expect(try await server.ask("POST", Question.path, json: json(100)).status == 200)
            let answer = try await server.ask("POST", Question.path, json: json(1000))
            #expect(answer.status == 413)
            #expect(answer.body.contains(#""code":"too_large""#))
            #expect(answer.body.contains("max_answer_bytes is 10000"))
            #expect(server.observer.statuses == [200, 413])
            #expect(server.models[0].leases == 0)
        }
    }

    @Test func `inputs are held of the budget until the answer has been written`() async throws {
        let model = FakeModel("m", mode: .later)
        try await EdgeServer.run(EdgeServer.Parts(models: [model])) { server in
            let body = Array(json(10_000).utf8)
            let connection = try await server.connect()
            try await connection.send(EdgeConnection.request("POST", Question.path, body: body))
            #expect(model.asked.count == 1)
            #expect(server.budget.inUse == body.count + 40_000)
            model.answerAll()
            #expect(try await connection.answer().status == 200)
            try await server.eventLoop.executeInContext {}
            #expect(server.budget.inUse == 0)
            try await connection.close()
        }
    }

    @Test func `a small request holds nothing but its body`() async throws {
        let model = FakeModel("m", mode: .later)
        try await EdgeServer.run(EdgeServer.Parts(models: [model])) { server in
            let connection = try await server.connect()
            try await connection.send(
                EdgeConnection.request("POST", Question.path, body: Array(Question.json.utf8))
            )
            #expect(server.budget.inUse == Question.json.utf8.count)
            try await connection.close()
            model.answerAll()
            try await server.eventLoop.executeInContext {}
            #expect(server.budget.inUse == 0)
        }
    }

    @Test func `inputs and answers over the budget are refused as bodies are`() async throws {
        // The body takes 20,089 bytes, its input 40,000, the answer's bound over 180,000.
        for (budget, isAsked) in [(50_000, false), (150_000, true)] {
            try await EdgeServer.run(EdgeServer.Parts(budget: budget)) { server in
                let answer = try await server.ask("POST", Question.path, json: json(10_000))
                #expect(answer.status == 503)
                #expect(answer["Retry-After"] == "1")
                #expect(answer.body.contains(ByteBudget.exhausted.message))
                #expect(answer.body.contains(#""code":"resource_exhausted""#))
                #expect(server.models[0].asked.isEmpty != isAsked)
                #expect(try await server.ask("POST", Question.path, json: Question.json).status == 200)
                #expect(server.budget.inUse == 0)
                #expect(server.models[0].leases == 0)
            }
        }
    }
}
