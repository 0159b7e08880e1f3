import ApusCore
import ApusProtos
import FoundationEssentials
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import Testing

/// TensorFlow Serving's Predict over a transport within the process.
struct TensorFlowPredictionTests {
    private typealias Method = Tensorflow_Serving_PredictionService.Method

    private static func tensor(
        _ type: Tensorflow_DataType,
        _ sizes: [Int64],
        _ fill: (inout Tensorflow_TensorProto) -> Void = { _ in }
    ) -> Tensorflow_TensorProto {
        .with {
            $0.dtype = type
            $0.tensorShape.dim = sizes.map { size in .with { $0.size = size } }
            fill(&$0)
        }
    }

    private static func question(_ input: Tensorflow_TensorProto) -> Tensorflow_Serving_PredictRequest {
        .with {
            $0.modelSpec.name = "m"
            $0.inputs["x"] = input
        }
    }

    private func predict(
        _ model: FakeModel,
        _ request: Tensorflow_Serving_PredictRequest
    ) async throws -> Tensorflow_Serving_PredictResponse {
        try await FakeServer(models: [model]).run { try await $0.ask(Method.Predict.descriptor, request) }
    }

    private func refusal(
        _ model: FakeModel,
        _ request: Tensorflow_Serving_PredictRequest
    ) async throws -> RPCError? {
        try await FakeServer(models: [model]).refusal { client in
            let _: Tensorflow_Serving_PredictResponse = try await client.ask(Method.Predict.descriptor, request)
        }
    }

    @Test func `content and lists are read, and lists answered`() async throws {
        let model = FakeModel.identity(.fp32, [-1, 2])
        let content = Self.tensor(.dtFloat, [1, 2]) { $0.tensorContent = Data(rawBytes(of: [1.5, -2])) }
        let list = Self.tensor(.dtFloat, [1, 2]) { $0.floatVal = [1.5, -2] }
        for input in [content, list] {
            let answer = try await predict(model, Self.question(input))
            #expect(answer.outputs["x"] == list)
            #expect(answer.modelSpec.name == "m")
            #expect(answer.modelSpec.version.value == 3)
            #expect(answer.modelSpec.signatureName == "serving_default")
        }
    }

    @Test func `the last value stands for all that are missing, and none for zero`() async throws {
        let model = FakeModel.identity(.int32)
        for (values, wanted) in [
            ([7], [7, 7, 7]), ([1, 2], [1, 2, 2]), ([], [0, 0, 0]), ([1, 2, 3, 4], [1, 2, 3]),
        ]
            as [([Int32], [Int32])]
        {
            let answer = try await predict(model, Self.question(Self.tensor(.dtInt32, [3]) { $0.intVal = values }))
            #expect(answer.outputs["x"]?.intVal == wanted)
        }
        let texts = Self.tensor(.dtString, [3]) { $0.stringVal = [Data("a".utf8), Data("bc".utf8)] }
        let answer = try await predict(FakeModel.identity(.bytes), Self.question(texts))
        #expect(answer.outputs["x"]?.stringVal == [Data("a".utf8), Data("bc".utf8), Data("bc".utf8)])
        let none = try await predict(FakeModel.identity(.bytes), Self.question(Self.tensor(.dtString, [2])))
        #expect(none.outputs["x"]?.stringVal == [Data(), Data()])
    }

    @Test func `every type goes in and comes out`() async throws {
        let cases: [(DataType, Tensorflow_TensorProto)] = [
            (.fp64, Self.tensor(.dtDouble, [2]) { $0.doubleVal = [1, .nan] }),
            (.int64, Self.tensor(.dtInt64, [2]) { $0.int64Val = [.min, .max] }),
            (.int16, Self.tensor(.dtInt16, [2]) { $0.intVal = [-32768, 32767] }),
            (.int8, Self.tensor(.dtInt8, [2]) { $0.intVal = [-128, 127] }),
            (.uint8, Self.tensor(.dtUint8, [2]) { $0.intVal = [0, 255] }),
            (.uint16, Self.tensor(.dtUint16, [2]) { $0.intVal = [0, 65535] }),
            (.uint32, Self.tensor(.dtUint32, [2]) { $0.uint32Val = [0, .max] }),
            (.uint64, Self.tensor(.dtUint64, [2]) { $0.uint64Val = [0, .max] }),
            (.bool, Self.tensor(.dtBool, [2]) { $0.boolVal = [true, false] }),
            (.fp16, Self.tensor(.dtHalf, [2]) { $0.halfVal = [0x3c00, 0xffff] }),
            (.bf16, Self.tensor(.dtBfloat16, [2]) { $0.halfVal = [0x3f80, 1] }),
            (.bytes, Self.tensor(.dtString, [2]) { $0.stringVal = [Data([255, 0]), Data()] }),
        ]
        for (type, input) in cases {
            let answer = try await predict(FakeModel.identity(type), Self.question(input))
            let same = try answer.outputs["x"]?.serializedBytes() as [UInt8]? == input.serializedBytes()
            #expect(same, "\(type)")
        }
    }

    @Test func `what doesn't fit is refused in TensorFlow Serving's words`() async throws {
        let good = Self.tensor(.dtInt8, [1]) { $0.intVal = [1] }
        var cases: [(Tensorflow_Serving_PredictRequest, RPCError.Code, String)] = []
        func add(_ code: RPCError.Code, _ words: String, _ change: (inout Tensorflow_Serving_PredictRequest) -> Void) {
            var request = Self.question(good)
            change(&request)
            cases.append((request, code, words))
        }
        add(.invalidArgument, "Missing ModelSpec") { $0.clearModelSpec() }
        add(.invalidArgument, "ModelSpec has no name specified.") { $0.modelSpec.name = "" }
        add(.invalidArgument, "illegal model name") { $0.modelSpec.name = "../x" }
        add(.notFound, "Servable not found for request: Latest(y)") { $0.modelSpec.name = "y" }
        add(.notFound, "Servable not found for request: Specific(m, 0)") { $0.modelSpec.version = .init(0) }
        add(.invalidArgument, "Unrecognized servable version label: a/b") { $0.modelSpec.versionLabel = "a/b" }
        add(.failedPrecondition, "Serving signature key \"s\" not found.") { $0.modelSpec.signatureName = "s" }
        add(.invalidArgument, "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}.") {
            $0.inputs = [:]
        }
        add(.invalidArgument, "input size does not match signature: 2!=1 len({x,z}) != len({x}). Sent extra: {z}.") {
            $0.inputs["z"] = good
        }
        add(.invalidArgument, "output tensor alias not found in signature: q") { $0.outputFilter = ["q"] }
        add(.invalidArgument, "duplicate output tensor alias: x") { $0.outputFilter = ["x", "x"] }
        add(.invalidArgument, "tensor parsing error: x: invalid shape") { $0.inputs["x"]?.tensorShape.dim[0].size = -1 }
        add(.invalidArgument, "tensor parsing error: x: invalid shape") {
            $0.inputs["x"]?.tensorShape.dim[0].size = .max
        }
        add(.invalidArgument, "tensor parsing error: x: invalid shape") {
            $0.inputs["x"]?.tensorShape.unknownRank = true
        }
        add(.invalidArgument, "tensor parsing error: x: invalid shape") {
            $0.inputs["x"]?.tensorShape.dim = [Tensorflow_TensorShapeProto.Dim](
                repeating: .with { $0.size = 1 },
                count: 33
            )
        }
        add(.invalidArgument, "element 0 of input 'x': 128 is out of range for INT8") { $0.inputs["x"]?.intVal = [128] }
        add(.invalidArgument, "tensor parsing error: x: tensor_content has 2 bytes") {
            $0.inputs["x"]?.tensorContent = Data([1, 2])
        }
        add(.invalidArgument, "tensor parsing error: x: its dtype is DT_COMPLEX64") {
            $0.inputs["x"]?.dtype = .dtComplex64
        }
        add(.invalidArgument, "tensor parsing error: x: its dtype is DT_INVALID") {
            $0.inputs["x"]?.dtype = .dtInvalid
        }
        for (request, code, words) in cases {
            let error = try await refusal(FakeModel.identity(.int8), request)
            #expect(error?.code == code, "\(words): \(error as Any)")
            #expect(error?.message.hasPrefix(words) == true, "\(words): \(error as Any)")
        }
        let texts = Self.tensor(.dtString, [1]) { $0.tensorContent = Data([1]) }
        #expect(try await refusal(FakeModel.identity(.bytes), Self.question(texts))?.code == .invalidArgument)
        let flags = Self.tensor(.dtBool, [1]) { $0.tensorContent = Data([2]) }
        #expect(try await refusal(FakeModel.identity(.bool), Self.question(flags))?.code == .invalidArgument)
    }

    @Test func `models with many answers are for streams, and nothing is left behind by a refusal`() async throws {
        let input = TensorSpecification(name: "x", dataType: .int8, shape: [-1])
        let decoupled = FakeModel("m", inputs: [input], mode: .parts(2))
        let good = Self.question(Self.tensor(.dtInt8, [1]))
        #expect(try await refusal(decoupled, good)?.code == .unimplemented)
        #expect(decoupled.leases == 0)
        let failing = FakeModel("m", inputs: [input], mode: .fail(InferenceError(.unavailable, "full")))
        let error = try await refusal(failing, good)
        #expect(error?.code == .unavailable && error?.message == "full")
        #expect(failing.leases == 0)
        let model = FakeModel.identity(.int8)
        #expect(try await refusal(model, Self.question(Self.tensor(.dtInt8, [-1])))?.code == .invalidArgument)
        _ = try await predict(model, good)
        #expect(model.leases == 0)
    }

    @Test func `outputs may be chosen`() async throws {
        let model = FakeModel.identity(.int8)
        var request = Self.question(Self.tensor(.dtInt8, [1]))
        request.outputFilter = ["x"]
        _ = try await predict(model, request)
        #expect(model.asked.map(\.outputs) == [["x"]])
    }
}

extension FakeModel {
    /// A model whose one input, `x`, comes back.
    static func identity(_ type: DataType, _ shape: [Int] = [-1], name: String = "m") -> FakeModel {
        FakeModel(name, inputs: [TensorSpecification(name: "x", dataType: type, shape: shape)])
    }
}
