import ApusProtos
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import Testing

struct ReflectionTests {
    private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
    private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse
    private let method = Grpc_Reflection_V1_ServerReflection.Method.ServerReflectionInfo.descriptor

    private func ask(_ requests: [Request]) async throws -> [Response] {
        try await FakeServer().run { [method] client in try await client.exchange(method, requests) }
    }

    @Test func `the services that are served are listed, and no others`() async throws {
        let answers = try await ask([.with { $0.listServices = "*" }])
        let names = answers[0].listServicesResponse.service.map(\.name)
        #expect(
            names == [
                "apus.v1.Prediction", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection", "inference.GRPCInferenceService",
                "tensorflow.serving.ModelService", "tensorflow.serving.PredictionService",
            ]
        )
    }

    @Test(arguments: ["tensorflow.serving.ModelService", "tensorflow.serving.PredictionService.Predict"])
    func `TensorFlow Serving's files come with all that they import`(symbol: String) async throws {
        let answers = try await ask([.with { $0.fileContainingSymbol = symbol }])
        let files = try answers[0].fileDescriptorResponse.fileDescriptorProto.map {
            try Google_Protobuf_FileDescriptorProto(serializedBytes: $0)
        }
        let names = Set(files.map(\.name))
        #expect(names.contains("tensorflow/serving/model.proto"))
        #expect(files.allSatisfy { names.isSuperset(of: $0.dependency) })
    }

    @Test(arguments: [
        "inference.GRPCInferenceService", "inference.GRPCInferenceService.ModelInfer",
        "inference.ModelInferRequest.InferInputTensor", "inference.ModelInferRequest.InferInputTensor.shape",
        "inference.DataType", "inference.TYPE_FP32",
    ])
    func `a symbol's file comes with all that it imports`(symbol: String) async throws {
        let answers = try await ask([.with { $0.fileContainingSymbol = symbol }])
        let files = try answers[0].fileDescriptorResponse.fileDescriptorProto.map {
            try Google_Protobuf_FileDescriptorProto(serializedBytes: $0)
        }
        let names = Set(files.map(\.name))
        #expect(names.contains("inference/model_config.proto"))
        #expect(files.allSatisfy { names.isSuperset(of: $0.dependency) })
    }

    @Test func `a file is found by its name, those of others too`() async throws {
        let answers = try await ask(
            ["apus/v1/prediction.proto", "google/protobuf/any.proto", "no.proto"].map { name in
                .with { $0.fileByFilename = name }
            }
        )
        #expect(answers[0].fileDescriptorResponse.fileDescriptorProto.count == 1)
        #expect(answers[1].fileDescriptorResponse.fileDescriptorProto.count == 1)
        #expect(answers[2].errorResponse.errorCode == 5)
        #expect(answers.map(\.originalRequest.fileByFilename).last == "no.proto")
    }

    @Test func `there are no extensions, and a question that asks nothing is told so`() async throws {
        let answers = try await ask([
            .with { $0.fileContainingExtension.containingType = "inference.ModelConfig" },
            .with { $0.allExtensionNumbersOfType = "inference.ModelConfig" },
            .with { $0.allExtensionNumbersOfType = "none" },
            Request(),
        ])
        #expect(answers[0].errorResponse.errorCode == 5)
        #expect(answers[1].allExtensionNumbersResponse.baseTypeName == "inference.ModelConfig")
        #expect(answers[2].errorResponse.errorCode == 5 && answers[3].errorResponse.errorCode == 3)
    }

    @Test func `the older version says the same`() async throws {
        let answers: [Grpc_Reflection_V1alpha_ServerReflectionResponse] = try await FakeServer().run { client in
            try await client.exchange(
                Grpc_Reflection_V1alpha_ServerReflection.Method.ServerReflectionInfo.descriptor,
                [Grpc_Reflection_V1alpha_ServerReflectionRequest.with { $0.listServices = "" }]
            )
        }
        #expect(answers[0].listServicesResponse.service.count == 7)
    }
}
