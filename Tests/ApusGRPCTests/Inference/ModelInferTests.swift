import ApusCore
import ApusProtos
import FoundationEssentials
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import Testing

struct ModelInferTests {
    @Test func `an answer has its data raw, in the order of its outputs, and the request's id`() async throws {
        let model = FakeModel("echo")
        let answer: Inference_ModelInferResponse = try await FakeServer(models: [model]).run { client in
            try await client.ask(V2.ModelInfer.descriptor, Inference_ModelInferRequest.asking("echo", id: "7"))
        }
        #expect(answer.modelName == "echo" && answer.modelVersion == "3" && answer.id == "7")
        #expect(answer.outputs.map(\.name) == ["IN"] && answer.outputs[0].datatype == "FP32")
        #expect(answer.rawOutputContents == [Data(rawBytes(of: [1.5, 2.5]))])
        #expect(!answer.outputs[0].hasContents)
        #expect(model.leases == 0 && model.asked[0].caller.key == "me")
    }

    @Test func `failures have the status of their kind and Triton's words`() async throws {
        let decoupled = FakeModel("many", mode: .parts(1))
        let busy = FakeModel("busy", mode: .fail(InferenceError(.unavailable, "Exceeds maximum queue size")))
        let server = FakeServer(models: [decoupled, busy, FakeModel("gone", isReady: false)])
        let expected: [(model: String, code: RPCError.Code, words: String)] = [
            ("none", .notFound, "Request for unknown model: 'none' is not found"),
            ("a/b", .invalidArgument, "illegal model name"),
            ("gone", .unavailable, "Request for unknown model: 'gone' has no available versions"),
            ("many", .unimplemented, "ModelInfer RPC doesn't support models with decoupled transaction policy"),
            ("busy", .unavailable, "Exceeds maximum queue size"),
        ]
        for (model, code, words) in expected {
            let error = try await server.refusal { client in
                let _: Inference_ModelInferResponse = try await client.ask(
                    V2.ModelInfer.descriptor,
                    Inference_ModelInferRequest.asking(model)
                )
            }
            #expect(error?.code == code && error?.message.hasPrefix(words) == true, "\(model): \(error as Any)")
        }
        #expect(server.observer.statuses == [404, 400, 503, 501, 503])
    }

    @Test func `bytes that are no message are an invalid argument`() async throws {
        // A message of another type whose bytes break the rules of this one.
        let wrong = Inference_ModelInferResponse.with { $0.rawOutputContents = [Data([0x0A, 0xFF])] }
        let error = try await FakeServer(models: [FakeModel("echo")]).refusal { client in
            let _: Inference_ModelInferResponse = try await client.ask(V2.ModelInfer.descriptor, wrong)
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `a deadline reaches the request, which ends with the call`() async throws {
        let model = FakeModel("slow", mode: .later)
        let error = try await FakeServer(models: [model]).refusal { client in
            let _: Inference_ModelInferResponse = try await client.ask(
                V2.ModelInfer.descriptor,
                Inference_ModelInferRequest.asking("slow"),
                timeout: .milliseconds(20)
            )
        }
        #expect(error != nil)
        #expect(model.asked[0].deadline.time != nil)
        #expect(model.cancelCount >= 1 && model.leases == 0)
    }
}
