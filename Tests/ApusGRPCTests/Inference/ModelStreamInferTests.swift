import ApusCore
import ApusProtos
import FoundationEssentials
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import Testing

struct ModelStreamInferTests {
    private func exchange(
        _ server: FakeServer,
        _ requests: [Inference_ModelInferRequest],
        metadata: Metadata = [:],
        afterSending: @escaping @Sendable () async throws -> Void = {}
    ) async throws -> [Inference_ModelStreamInferResponse] {
        try await server.run { client in
            try await client.exchange(
                V2.ModelStreamInfer.descriptor,
                requests,
                metadata: metadata,
                afterSending: afterSending
            )
        }
    }

    @Test func `answers come in the order of the requests, also across models, each the last of its request`()
        async throws
    {
        let slow = FakeModel("slow", mode: .later)
        let quick = FakeModel("quick")
        let requests = [
            Inference_ModelInferRequest.asking("slow", id: "0"), .asking("quick", id: "1"), .asking("slow", id: "2"),
        ]
        let answers = try await exchange(FakeServer(models: [slow, quick]), requests) {
            while slow.waitingCount < 2 { await Task.yield() }
            slow.answerAll()
        }
        #expect(answers.map(\.inferResponse.id) == ["0", "1", "2"])
        #expect(answers.allSatisfy { $0.inferResponse.parameters["triton_final_response"]?.boolParam == true })
        #expect(answers.allSatisfy { $0.errorMessage.isEmpty && $0.inferResponse.rawOutputContents.count == 1 })
        #expect(slow.leases == 0 && quick.leases == 0)
    }

    @Test func `an error is a message with the request's id, and the stream goes on`() async throws {
        let answers = try await exchange(
            FakeServer(models: [FakeModel("quick")]),
            [.asking("none", id: "a"), .asking("quick", id: "b")]
        )
        #expect(answers.map(\.inferResponse.id) == ["a", "b"])
        #expect(answers[0].errorMessage == "Request for unknown model: 'none' is not found")
        #expect(answers[0].inferResponse.modelName.isEmpty && answers[1].errorMessage.isEmpty)
    }

    @Test func `with triton_grpc_error the first error ends the stream by its status`() async throws {
        let server = FakeServer(models: [FakeModel("quick")])
        let error = try await server.refusal { client in
            let _: [Inference_ModelStreamInferResponse] = try await client.exchange(
                V2.ModelStreamInfer.descriptor,
                [Inference_ModelInferRequest.asking("none"), .asking("quick")],
                metadata: ["triton_grpc_error": "true"]
            )
        }
        #expect(error?.code == .notFound)
        #expect(error?.message == "Request for unknown model: 'none' is not found")
    }

    @Test(arguments: [false, true])
    func `a decoupled model's end is told only to those who want it`(wantsFinal: Bool) async throws {
        var request = Inference_ModelInferRequest.asking("many", id: "m")
        if wantsFinal { request.parameters["triton_enable_empty_final_response"] = .with { $0.boolParam = true } }
        let answers = try await exchange(FakeServer(models: [FakeModel("many", mode: .parts(3))]), [request])
        #expect(answers.count == (wantsFinal ? 4 : 3))
        let flags = answers.map { $0.inferResponse.parameters["triton_final_response"]?.boolParam }
        #expect(flags == (wantsFinal ? [false, false, false, true] : [false, false, false]))
        #expect(answers.allSatisfy { $0.inferResponse.id == "m" && $0.inferResponse.modelVersion == "3" })
        if wantsFinal { #expect(answers.last?.inferResponse.outputs.isEmpty == true) }
    }

    @Test func `a decoupled request without answers sends nothing`() async throws {
        let answers = try await exchange(FakeServer(models: [FakeModel("many", mode: .parts(0))]), [.asking("many")])
        #expect(answers.isEmpty)
    }

    @Test func `a model with many answers gives no more than the client takes`() async throws {
        let model = FakeModel("many", mode: .parts(5_000))
        let answers = try await exchange(FakeServer(models: [model]), [.asking("many")])
        #expect(answers.count == 5_000 && model.partsSent == 5_000)
        #expect(model.leases == 0)
    }

    @Test func `more requests than may be in flight are taken when others have ended`() async throws {
        let requests = (0..<1_000).map { Inference_ModelInferRequest.asking("quick", id: String($0)) }
        let answers = try await exchange(FakeServer(models: [FakeModel("quick")]), requests)
        #expect(answers.map(\.inferResponse.id) == (0..<1_000).map { String($0) })
    }

    @Test func `a stream without requests ends well`() async throws {
        let answers = try await exchange(FakeServer(models: []), [])
        #expect(answers.isEmpty)
    }

    @Test func `a stream that is called off has all its requests cancelled`() async throws {
        let model = FakeModel("slow", mode: .later)
        let error = try await FakeServer(models: [model]).refusal { client in
            let _: [Inference_ModelStreamInferResponse] = try await client.exchange(
                V2.ModelStreamInfer.descriptor,
                [Inference_ModelInferRequest.asking("slow"), .asking("slow")],
                timeout: .milliseconds(50),
                afterSending: { try await Task.sleep(for: .seconds(3600)) }
            )
        }
        #expect(error != nil)
        #expect(model.leases == 0 && model.waitingCount == 0)
    }
}
