import ApusCore
import ApusListener
import ApusProtos
import FoundationEssentials
import NIOCore
import NIOHTTP2
import SwiftProtobuf
import Testing

@testable import ApusGRPC

/// ModelInfer on its direct path: from frames to the model and back, on the event loop.
struct DirectModelInferTests {
    private func message(_ model: String, _ numbers: [Float] = [1.5, 2.5]) throws -> [UInt8] {
        try Array(Inference_ModelInferRequest.asking(model, id: "7", numbers).serializedBytes() as [UInt8])
    }

    private func answer(_ bytes: [UInt8]) throws -> Inference_ModelInferResponse {
        try Inference_ModelInferResponse(serializedBytes: bytes)
    }

    @Test func `a call is answered before the loop goes on`() throws {
        let model = FakeModel("echo")
        let fakes = FakeServer(models: [model])
        let it = try ConnectionHarness(fakes)
        defer { it.end() }
        let stream = try it.ask(try message("echo"), [("grpc-timeout", "5S"), ("authorization", "Bearer x")])
        let got = try #require(it.answers[stream])
        #expect(got.fields["grpc-status"] == "0" && got.fields[":status"] == "200")
        let response = try answer(got.message)
        #expect(response.id == "7" && response.modelName == "echo")
        #expect(response.rawOutputContents == [Data(rawBytes(of: [1.5, 2.5]))])
        #expect(model.leases == 0 && it.budget.inUse == 0)
        #expect(model.asked[0].caller.key == "me" && model.asked[0].deadline.time != nil)
        #expect(fakes.observer.statuses == [200])
        #expect((fakes.gate as? FakeGate)?.questions == ["infer - Bearer x", "infer echo Bearer x"])
    }

    @Test func `failures have the status of their kind`() throws {
        let fakes = FakeServer(models: [
            FakeModel("many", mode: .parts(1)), FakeModel("gone", isReady: false),
            FakeModel("busy", mode: .fail(InferenceError(.unavailable, "Exceeds maximum queue size"))),
        ])
        let it = try ConnectionHarness(fakes)
        defer { it.end() }
        let statuses = try ["none", "a/b", "gone", "many", "busy"].map { model in
            try it.answers[it.ask(try message(model))]?.fields["grpc-status"]
        }
        #expect(statuses == ["5", "3", "14", "12", "14"])
        #expect(fakes.observer.statuses == [404, 400, 503, 501, 503])
        #expect(try it.answers[it.ask([0xff])]?.fields["grpc-status"] == "3")
        #expect(it.budget.inUse == 0)
    }

    @Test func `the gate is asked before a message is taken`() throws {
        let denied = InferenceError(.permissionDenied, "not you")
        let it = try ConnectionHarness(
            FakeServer(models: [FakeModel("echo")], gate: FakeGate { _, _ in .deny(denied) })
        )
        defer { it.end() }
        let stream = try it.call("/inference.GRPCInferenceService/ModelInfer")
        #expect(it.answers[stream]?.fields["grpc-status"] == "7")
        #expect(it.answers[stream]?.reset == .noError)
    }

    @Test func `a message may be compressed, and its answer is then`() throws {
        let it = try ConnectionHarness(FakeServer(models: [FakeModel("echo")]))
        defer { it.end() }
        let numbers = [Float](repeating: 1, count: 5000)
        let plain = try message("echo", numbers)
        let packed = try #require(compress(plain))
        let fields = [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "identity,gzip")]
        let stream = try it.ask(packed, flag: 1, fields)
        let got = try #require(it.answers[stream])
        #expect(got.fields["grpc-status"] == "0" && got.fields["grpc-encoding"] == "gzip")
        #expect(got.bytes.first == 1 && got.bytes.count < 1000)
        // Without grpc-encoding nobody knows how.
        #expect(try it.answers[it.ask(packed, flag: 1)]?.fields["grpc-status"] == "13")
        #expect(try it.answers[it.ask(plain, flag: 1, fields)]?.fields["grpc-status"] == "3")
        #expect(it.budget.inUse == 0)
    }

    @Test func `a reset calls the request back`() throws {
        let model = FakeModel("slow", mode: .later)
        let fakes = FakeServer(models: [model])
        let it = try ConnectionHarness(fakes)
        defer { it.end() }
        let stream = try it.ask(try message("slow"))
        #expect(model.waitingCount == 1)
        try it.write(stream, .rstStream(.cancel))
        #expect(model.cancelCount == 1)
        #expect(fakes.observer.statuses == [499])
        #expect(model.leases == 0 && it.budget.inUse == 0)
    }

    @Test func `a late answer comes on its own stream`() throws {
        let model = FakeModel("slow", mode: .later)
        let it = try ConnectionHarness(FakeServer(models: [model]))
        defer { it.end() }
        let streams = try (0..<3).map { try it.ask(try message("slow", [Float($0)])) }
        model.answerAll()
        try it.exchange()
        let data = try streams.map { try answer(it.answers[$0]?.message ?? []).rawOutputContents[0] }
        #expect(data == (0..<3).map { Data(rawBytes(of: [Float($0)])) })
        #expect(model.leases == 0)
    }

    @Test func `methods that nobody serves, and those that aren't served yet`() throws {
        let it = try ConnectionHarness(FakeServer())
        defer { it.end() }
        // The services start with the server, which hasn't.
        #expect(try it.answers[it.call("/inference.GRPCInferenceService/ServerLive")]?.fields["grpc-status"] == "14")
    }

    private func compress(_ bytes: [UInt8]) -> [UInt8]? {
        ModelInferSink.compressed(ByteBuffer(bytes: bytes))
    }
}
