import ApusCore
import ApusProtos
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import Testing

struct V2MethodsTests {
    private let server = FakeServer(models: [
        FakeModel("a", version: 1), FakeModel("a", version: 3), FakeModel("b", isReady: false),
    ])

    private func ask<Input: Message, Output: Message>(
        _ method: MethodDescriptor,
        _ request: Input,
        _ type: Output.Type = Output.self
    ) async throws -> Output {
        try await server.run { client in try await client.ask(method, request) }
    }

    @Test func `the server says what it is and how it is`() async throws {
        let live: Inference_ServerLiveResponse = try await ask(
            V2.ServerLive.descriptor,
            Inference_ServerLiveRequest()
        )
        #expect(live.live)
        server.health.isReady = false
        let ready: Inference_ServerReadyResponse = try await ask(
            V2.ServerReady.descriptor,
            Inference_ServerReadyRequest()
        )
        #expect(!ready.ready)
        let metadata: Inference_ServerMetadataResponse = try await ask(
            V2.ServerMetadata.descriptor,
            Inference_ServerMetadataRequest()
        )
        #expect(metadata.name == "apus-test" && metadata.version == "9.9")
        #expect(metadata.extensions == ["binary_tensor_data"])
    }

    @Test func `a model is ready, known, or not found`() async throws {
        for (name, isReady) in [("a", true), ("b", false)] {
            let response: Inference_ModelReadyResponse = try await ask(
                V2.ModelReady.descriptor,
                Inference_ModelReadyRequest.with { $0.name = name }
            )
            #expect(response.ready == isReady)
        }
        let error = try await server.refusal { client in
            let _: Inference_ModelReadyResponse = try await client.ask(
                V2.ModelReady.descriptor,
                Inference_ModelReadyRequest.with { $0.name = "c" }
            )
        }
        #expect(error?.code == .notFound)
    }

    @Test func `metadata has the tensors and the versions that are ready`() async throws {
        let metadata: Inference_ModelMetadataResponse = try await ask(
            V2.ModelMetadata.descriptor,
            Inference_ModelMetadataRequest.with { $0.name = "a" }
        )
        #expect(metadata.name == "a" && metadata.versions == ["1", "3"] && metadata.platform == "fake")
        #expect(metadata.inputs.map(\.name) == ["IN"] && metadata.inputs[0].shape == [-1])
        #expect(metadata.outputs[0].datatype == "FP32")
    }

    @Test func `the configuration comes as the message that it is`() async throws {
        let response: Inference_ModelConfigResponse = try await ask(
            V2.ModelConfig.descriptor,
            Inference_ModelConfigRequest.with { $0.name = "a" }
        )
        #expect(response.config.name == "a" && response.config.maxBatchSize == 4)
        #expect(response.config.versionPolicy.latest.numVersions == 2)
    }

    @Test func `statistics are those of all models, or of one that is there`() async throws {
        let all: Inference_ModelStatisticsResponse = try await ask(
            V2.ModelStatistics.descriptor,
            Inference_ModelStatisticsRequest()
        )
        #expect(all.modelStats.map(\.name) == ["a", "a"])
        #expect(all.modelStats[0].inferenceCount == 7 && all.modelStats[0].inferenceStats.success.ns == 100)
        #expect(all.modelStats[0].batchStats.map(\.batchSize) == [2])
        let one: Inference_ModelStatisticsResponse = try await ask(
            V2.ModelStatistics.descriptor,
            Inference_ModelStatisticsRequest.with {
                $0.name = "a"
                $0.version = "3"
            }
        )
        #expect(one.modelStats.map(\.version) == ["3"])
        let error = try await server.refusal { client in
            let _: Inference_ModelStatisticsResponse = try await client.ask(
                V2.ModelStatistics.descriptor,
                Inference_ModelStatisticsRequest.with { $0.name = "b" }
            )
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message == "requested model 'b' is not available")
    }

    @Test func `the index has states and reasons`() async throws {
        let index: Inference_RepositoryIndexResponse = try await ask(
            V2.RepositoryIndex.descriptor,
            Inference_RepositoryIndexRequest()
        )
        #expect(index.models.map(\.state) == ["READY", "READY", "UNAVAILABLE"])
        #expect(index.models[2].reason == "broken")
        let ready: Inference_RepositoryIndexResponse = try await ask(
            V2.RepositoryIndex.descriptor,
            Inference_RepositoryIndexRequest.with { $0.ready = true }
        )
        #expect(ready.models.map(\.name) == ["a", "a"])
    }
}
