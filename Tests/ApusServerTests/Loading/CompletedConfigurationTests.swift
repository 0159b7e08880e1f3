import ApusCore
import ApusEngine
import ApusProtocol
import ApusTesting
import Testing

@testable import ApusServer

struct CompletedConfigurationTests {
    private let model = ModelSignature(
        inputs: [TensorSpecification(name: "a", dataType: .fp32, shape: [-1, 4])],
        outputs: [TensorSpecification(name: "x", dataType: .bytes, shape: [-1])]
    )

    private func complete(_ text: String) throws -> ModelConfiguration {
        let configuration = try ModelConfiguration.parse(text: text)
        let engine = FakeEngine(
            session: FakeSession(signature: model),
            name: "fake",
            modelFilenames: ["model.fake", "other.fake"]
        )
        let id = ModelID(name: try #require(ModelName("m")), version: .first)
        let agreement = try SignatureAgreement(configuration: configuration, signature: model, place: "m")
        return try CompletedConfiguration(id: id, engine: engine).complete(configuration, agreement)
    }

    @Test func `what isn't written comes from folder, engine and model`() throws {
        let completed = try complete("")
        #expect(completed.name == "m")
        #expect(completed.platform == "fake")
        #expect(completed.backend == "fake")
        #expect(completed.defaultModelFilename == "model.fake")
        #expect(completed.maxBatchSize == 0)
        #expect(completed.inputs.map(\.name) == ["a"])
        #expect(completed.inputs.map(\.dims) == [[-1, 4]])
        #expect(completed.inputs.map { $0.dataType.v2Name } == ["FP32"])
        #expect(completed.outputs.map(\.dims) == [[-1]])
        #expect(completed.outputs.map { $0.dataType.v2Name } == ["BYTES"])
        if case .latest(let count) = completed.versionPolicy { #expect(count == 1) } else { Issue.record("no policy") }
    }

    @Test func `what is written stays`() throws {
        let completed = try complete(
            """
            backend: "b" platform: "p" default_model_filename: "f" max_batch_size: 3
            input { name: "a" data_type: TYPE_FP32 dims: [ 4 ] }
            version_policy { all { } }
            """
        )
        #expect(completed.backend == "b")
        #expect(completed.platform == "p")
        #expect(completed.defaultModelFilename == "f")
        #expect(completed.inputs.map(\.dims) == [[4]])
        #expect(completed.outputs.map(\.dims) == [[]])
        if case .all = completed.versionPolicy {} else { Issue.record("the policy was replaced") }
    }

    @Test func `the answer to config names everything`() throws {
        let text = String(decoding: try complete("").jsonBytes(), as: UTF8.self)
        for part in [#""name":"m""#, #""max_batch_size":0"#, #""data_type":"TYPE_STRING""#, #""dims":[-1,4]"#] {
            #expect(text.contains(part), "\(part) is missing in \(text)")
        }
    }
}
