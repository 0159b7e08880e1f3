import ApusCore
import ApusProtos
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import Testing

struct PredictionMethodsTests {
    private func model(_ dataType: DataType, _ shape: [Int], name: String = "m") -> FakeModel {
        FakeModel(name, inputs: [TensorSpecification(name: "x", dataType: dataType, shape: shape)])
    }

    private func predict(
        _ models: [FakeModel],
        _ fill: @escaping @Sendable (inout Apus_V1_PredictRequest) -> Void
    ) async throws -> Apus_V1_PredictResponse {
        try await FakeServer(models: models).run { client in
            try await client.ask(
                Apus_V1_Prediction.Method.Predict.descriptor,
                Apus_V1_PredictRequest.with { fill(&$0) }
            )
        }
    }

    @Test func `numbers in, predictions out, by the only model's own shape`() async throws {
        let answer = try await predict([model(.fp32, [-1, 2])]) {
            $0.data = [1, 2, 3, 4]
            $0.id = "i"
        }
        #expect(answer.predictions == [1, 2, 3, 4] && answer.shape == [2, 2] && answer.output == "x")
        #expect(answer.model == "m" && answer.version == "3" && answer.id == "i")
        #expect(answer.outputs["x"]?.numbers == [1, 2, 3, 4])
    }

    @Test(arguments: DataType.allCases.filter { $0 != .bytes })
    func `every numeric type is taken and given`(dataType: DataType) async throws {
        let answer = try await predict([model(dataType, [-1])]) { $0.data = [0, 1, 1] }
        #expect(answer.predictions == [0, 1, 1])
    }

    @Test(arguments: [([2] as [Int64], [1, 2] as [Int64]), ([1, 2], [1, 2]), ([2, 1], [2, 1])])
    func `a shape may leave out its leading dimensions`(given: [Int64], wanted: [Int64]) async throws {
        let answer = try await predict([model(.fp32, [-1, -1])]) {
            $0.data = [1, 2]
            $0.shape = given
        }
        #expect(answer.shape == wanted)
    }

    @Test func `what doesn't fit is refused with what would`() async throws {
        let three = model(.fp32, [-1, 3])
        let whole = model(.int8, [-1])
        for (models, data, words) in [
            ([three], [1, 2] as [Float], "unexpected shape for input 'x' for model 'm'. Expected [-1,3]"),
            ([whole], [1.5], "'data[0]': 1.5 can't be INT8"),
            ([whole], [1, 300], "'data[1]': 300.0 can't be INT8"),
            ([whole], [.nan], "'data[0]': nan can't be INT8"),
        ] {
            let error = await #expect(throws: RPCError.self) { _ = try await predict(models) { $0.data = data } }
            #expect(error?.code == .invalidArgument && error?.message.hasPrefix(words) == true, "\(error as Any)")
        }
    }

    @Test func `without a name there must be one model, and text is for others`() async throws {
        let two = [model(.fp32, [-1]), model(.fp32, [-1], name: "n")]
        let nobody = await #expect(throws: RPCError.self) { _ = try await predict(two) { $0.data = [1] } }
        #expect(nobody?.code == .notFound)
        let named = try await predict(two) {
            $0.data = [1]
            $0.model = "n"
        }
        #expect(named.model == "n")
        let text = await #expect(throws: RPCError.self) {
            _ = try await predict([model(.bytes, [-1])]) { $0.data = [1] }
        }
        #expect(text?.code == .unimplemented)
    }

    @Test func `parameters are v2's`() async throws {
        let model = model(.fp32, [-1])
        _ = try await predict([model]) {
            $0.data = [1]
            $0.parameters = [
                "priority": .with { $0.integer = 2 }, "timeout": .with { $0.integer = 30 },
                "own": .with { $0.text = "x" },
            ]
        }
        #expect(model.asked[0].priority == 2 && model.asked[0].queueTimeout == 30_000)
        #expect(model.asked[0].parameters == ["own": .string("x")])
    }
}
