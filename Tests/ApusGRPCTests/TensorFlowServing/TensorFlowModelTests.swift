import ApusCore
import ApusProtos
import FoundationEssentials
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import Testing

/// GetModelMetadata and ModelService over a transport within the process.
struct TensorFlowModelTests {
    private typealias Method = Tensorflow_Serving_PredictionService.Method

    @Test func `metadata is the signature`() async throws {
        try await FakeServer(models: [FakeModel.identity(.fp32, [-1, 2])]).run { client in
            let answer: Tensorflow_Serving_GetModelMetadataResponse = try await client.ask(
                Method.GetModelMetadata.descriptor,
                Tensorflow_Serving_GetModelMetadataRequest.with {
                    $0.modelSpec.name = "m"
                    $0.metadataField = ["signature_def"]
                }
            )
            #expect(answer.modelSpec.version.value == 3)
            let any = try #require(answer.metadata["signature_def"])
            #expect(any.typeURL == "type.googleapis.com/tensorflow.serving.SignatureDefMap")
            let signature = try Tensorflow_Serving_SignatureDefMap(unpackingAny: any).signatureDef["serving_default"]
            #expect(signature?.methodName == "tensorflow/serving/predict")
            #expect(signature?.inputs["x"]?.dtype == .dtFloat)
            #expect(signature?.inputs["x"]?.tensorShape.dim.map(\.size) == [-1, 2])
            #expect(signature?.outputs.keys.sorted() == ["x"])
        }
        for fields in [[], ["other"], ["signature_def", "other"]] {
            let error = try await FakeServer(models: [FakeModel.identity(.fp32)]).refusal { client in
                let _: Tensorflow_Serving_GetModelMetadataResponse = try await client.ask(
                    Method.GetModelMetadata.descriptor,
                    Tensorflow_Serving_GetModelMetadataRequest.with {
                        $0.modelSpec.name = "m"
                        $0.metadataField = fields
                    }
                )
            }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test func `status names each version`() async throws {
        typealias Models = Tensorflow_Serving_ModelService.Method
        try await FakeServer(models: [FakeModel.identity(.fp32)]).run { client in
            let answer: Tensorflow_Serving_GetModelStatusResponse = try await client.ask(
                Models.GetModelStatus.descriptor,
                Tensorflow_Serving_GetModelStatusRequest.with { $0.modelSpec.name = "m" }
            )
            #expect(answer.modelVersionStatus.map(\.version) == [3])
            #expect(answer.modelVersionStatus[0].state == .available)
            #expect(answer.modelVersionStatus[0].status.errorCode == .ok)
        }
        let unknown = try await FakeServer().refusal { client in
            let _: Tensorflow_Serving_GetModelStatusResponse = try await client.ask(
                Models.GetModelStatus.descriptor,
                Tensorflow_Serving_GetModelStatusRequest.with { $0.modelSpec.name = "m" }
            )
        }
        #expect(unknown?.code == .notFound && unknown?.message == "Could not find any versions of model m")
    }
}
