import ApusCore
import NIOEmbedded
import Testing

@testable import ApusHTTP

/// The generate extension over a connection in process: where bodies are read.
@Suite(.timeLimit(.minutes(1)))
struct GenerateEdgeTests {
    private static let path = "/v2/models/m/generate"

    private static func parts(_ work: ManualWork, _ model: FakeModel) -> EdgeServer.Parts {
        var parts = EdgeServer.Parts()
        parts.models = [model]
        parts.work = work
        return parts
    }

    private static func model(mode: FakeModel.Mode = .atOnce) -> FakeModel {
        FakeModel("m", inputs: [TensorSpecification(name: "x", dataType: .bytes, shape: [1])], mode: mode)
    }

    private static func body(_ count: Int) -> [UInt8] {
        Array((#"{"id":"i","x":""# + String(repeating: "a", count: count) + #""}"#).utf8)
    }

    @Test func `a short body is read in place`() async throws {
        let work = ManualWork()
        try await EdgeServer.run(GenerateEdgeTests.parts(work, GenerateEdgeTests.model())) { server in
            let answer = try await server.ask("POST", GenerateEdgeTests.path, body: GenerateEdgeTests.body(10_000))
            #expect(answer.status == 200)
            #expect(work.count == 0)
        }
    }

    @Test func `a long one is read on another thread`() async throws {
        let work = ManualWork()
        let model = GenerateEdgeTests.model(mode: .later)
        try await EdgeServer.run(GenerateEdgeTests.parts(work, model)) { server in
            let connection = try await server.connect()
            let body = GenerateEdgeTests.body(100_000)
            try await connection.send(EdgeConnection.request("POST", GenerateEdgeTests.path, body: body))
            #expect(work.count == 1)
            #expect(model.asked.isEmpty)
            work.run()
            await server.eventLoop.run()
            #expect(model.asked.map(\.inputs) == [["x BYTES[1]"]])
            #expect(model.asked.map(\.id) == ["i"])
            // The body and the tensor; what parsing took is given back.
            #expect((200_000..<201_000).contains(server.budget.inUse))
            model.answerAll()
            let answer = try await connection.answer()
            #expect(answer.status == 200)
            #expect(answer.bytes.count > 100_000)
            await server.eventLoop.run()
            #expect(model.leases == 0)
            #expect(server.budget.inUse == 0)
            try await connection.close()
        }
    }

    @Test(arguments: ["", "_stream"])
    func `what is wrong with a long one is said in the same form`(suffix: String) async throws {
        let work = ManualWork()
        let model = GenerateEdgeTests.model()
        try await EdgeServer.run(GenerateEdgeTests.parts(work, model)) { server in
            let connection = try await server.connect()
            let body = Array(GenerateEdgeTests.body(100_000).dropLast())
            try await connection.send(EdgeConnection.request("POST", GenerateEdgeTests.path + suffix, body: body))
            work.run()
            await server.eventLoop.run()
            let answer = try await connection.answer()
            #expect(answer.status == 400)
            #expect(answer.body.hasPrefix("data: ") == !suffix.isEmpty)
            #expect(answer.body.contains("failed to parse the request JSON buffer"))
            #expect(model.leases == 0)
            try await connection.close()
        }
    }
}
