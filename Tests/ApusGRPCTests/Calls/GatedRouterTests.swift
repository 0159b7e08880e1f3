import ApusCore
import ApusGRPC
import ApusProtos
import GRPCCore
import GRPCInProcessTransport
import GRPCProtobuf
import SwiftProtobuf
import Testing

struct GatedRouterTests {
    private func methods() -> Set<String> {
        var router = RPCRouter<InProcessTransport.Server>()
        GRPCServices(FakeServer().configuration).registerMethods(with: &router)
        return Set(router.methods.map(\.fullyQualifiedMethod))
    }

    @Test func `every method leads to exactly one operation, and every operation's methods are served`() {
        let table = Operation.allCases.flatMap(\.methods)
        #expect(Set(table).count == table.count)
        #expect(methods() == Set(table))
    }

    @Test func `the gate is asked for every method before a message is read`() async throws {
        for method in methods() {
            let gate = FakeGate { _, _ in .deny(InferenceError(.permissionDenied, "not you")) }
            let parts = method.split(separator: "/").map(String.init)
            let error = try await FakeServer(gate: gate).refusal { client in
                // Bytes that no method takes: they would be refused as such if they were read.
                let _: [Inference_ServerLiveResponse] = try await client.exchange(
                    MethodDescriptor(fullyQualifiedService: parts[0], method: parts[1]),
                    [Inference_ModelStreamInferResponse.with { $0.errorMessage = "x" }],
                    metadata: ["authorization": "Bearer t"]
                )
            }
            #expect(error?.code == .permissionDenied && error?.message == "not you", "\(method): \(error as Any)")
            #expect(gate.questions.count == 1 && gate.questions[0].hasSuffix(" - Bearer t"), "\(method)")
        }
    }

    @Test func `a model is asked for by name as soon as the message has said it`() async throws {
        let gate = FakeGate { _, model in
            model == nil ? .allow(.anonymous) : .deny(InferenceError(.permissionDenied, "not this one"))
        }
        let error = try await FakeServer(models: [FakeModel("m")], gate: gate).refusal { client in
            let _: Inference_ModelInferResponse = try await client.ask(
                V2.ModelInfer.descriptor,
                Inference_ModelInferRequest.asking("m")
            )
        }
        #expect(error?.code == .permissionDenied)
        #expect(gate.questions == ["infer - ", "infer m "])
    }

    @Test func `a method that nobody has is unimplemented`() async throws {
        let error = try await FakeServer().refusal { client in
            let _: Inference_LogSettingsResponse = try await client.ask(
                MethodDescriptor(fullyQualifiedService: "inference.GRPCInferenceService", method: "Nothing"),
                Inference_LogSettingsRequest()
            )
        }
        #expect(error?.code == .unimplemented)
    }

    @Test(arguments: [
        (InferenceError.Code.invalidArgument, RPCError.Code.invalidArgument), (.notFound, .notFound),
        (.alreadyExists, .alreadyExists), (.permissionDenied, .permissionDenied), (.unauthenticated, .unauthenticated),
        (.unavailable, .unavailable), (.resourceExhausted, .resourceExhausted), (.tooLarge, .resourceExhausted),
        (.deadlineExceeded, .deadlineExceeded), (.cancelled, .cancelled), (.unsupported, .unimplemented),
        (.methodNotAllowed, .unimplemented), (.engineFailure, .internalError), (.internalFailure, .internalError),
    ])
    func `each kind of failure has its status`(code: InferenceError.Code, status: RPCError.Code) {
        #expect(GRPCStatusTable.error(for: InferenceError(code, "words")).code == status)
    }
}
