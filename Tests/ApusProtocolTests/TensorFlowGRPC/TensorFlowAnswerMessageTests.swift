import ApusCore
import ApusProtocol
import ApusProtos
import FoundationEssentials
import SwiftProtobuf
import Testing

/// What is written must be what protobuf's own decoder reads, byte for byte as long as was measured.
struct TensorFlowAnswerMessageTests {
    private typealias Proto = Tensorflow_TensorProto

    private static let model = ModelID(name: ModelName("m")!, version: ModelVersion(300)!)

    private func bytes(_ count: Int, _ write: (inout OutputRawSpan) -> Void) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { memory, written in
            let raw = UnsafeMutableRawBufferPointer(memory)
            var span = unsafe OutputRawSpan(buffer: raw, initializedCount: 0)
            write(&span)
            written = unsafe span.finalize(for: raw)
            #expect(written == count)
        }
    }

    private func answer(_ outputs: [NamedTensor]) throws -> Tensorflow_Serving_PredictResponse {
        let encoder = try TensorFlowPredictAnswer(model: Self.model, outputs: outputs, maxBytes: .max)
        return try Tensorflow_Serving_PredictResponse(
            serializedBytes: bytes(encoder.byteCount) { encoder.write(into: &$0) }
        )
    }

    @Test func `every type is answered in the list of its own`() throws {
        let cases: [(Tensor, Proto)] = [
            (Tensor(.fp32, [1.5, -0.0, .nan] as [Float]), Proto(.dtFloat, [3]) { $0.floatVal = [1.5, -0.0, .nan] }),
            (Tensor(.fp64, [1.5, -2] as [Double]), Proto(.dtDouble, [2]) { $0.doubleVal = [1.5, -2] }),
            (Tensor(.int8, [-128, 127] as [Int8]), Proto(.dtInt8, [2]) { $0.intVal = [-128, 127] }),
            (Tensor(.int16, [-1, 300] as [Int16]), Proto(.dtInt16, [2]) { $0.intVal = [-1, 300] }),
            (Tensor(.int32, [.min, .max] as [Int32]), Proto(.dtInt32, [2]) { $0.intVal = [.min, .max] }),
            (Tensor(.int64, [.min, 0] as [Int64]), Proto(.dtInt64, [2]) { $0.int64Val = [.min, 0] }),
            (Tensor(.uint8, [0, 255] as [UInt8]), Proto(.dtUint8, [2]) { $0.intVal = [0, 255] }),
            (Tensor(.uint16, [0, 65535] as [UInt16]), Proto(.dtUint16, [2]) { $0.intVal = [0, 65535] }),
            (Tensor(.uint32, [0, .max] as [UInt32]), Proto(.dtUint32, [2]) { $0.uint32Val = [0, .max] }),
            (Tensor(.uint64, [0, .max] as [UInt64]), Proto(.dtUint64, [2]) { $0.uint64Val = [0, .max] }),
            (Tensor(.fp16, [0x3C00] as [UInt16]), Proto(.dtHalf, [1]) { $0.halfVal = [0x3C00] }),
            (Tensor(.bf16, [0x3F80] as [UInt16]), Proto(.dtBfloat16, [1]) { $0.halfVal = [0x3F80] }),
            // Any bit counts as true, and none may break the list.
            (Tensor(.bool, [0, 1, 255] as [UInt8]), Proto(.dtBool, [3]) { $0.boolVal = [false, true, true] }),
            (
                Tensor(strings: [[65], [], [255, 0]]),
                Proto(.dtString, [3]) { $0.stringVal = [Data([65]), Data(), Data([255, 0])] }
            ),
            (Tensor(.int64, [] as [Int64]), Proto(.dtInt64, [0])),
        ]
        for (tensor, wanted) in cases {
            let answer = try answer([NamedTensor(name: "y", tensor: tensor), NamedTensor(name: "", tensor: tensor)])
            #expect(answer.outputs.count == 2)
            let same = try answer.outputs["y"]?.serializedBytes() as [UInt8]? == wanted.serializedBytes()
            #expect(same, "\(tensor.dataType): \(answer)")
            #expect(answer.modelSpec.name == "m" && answer.modelSpec.version.value == 300)
            #expect(answer.modelSpec.signatureName == "serving_default")
        }
    }

    @Test func `a shape of several dimensions and a scalar are told apart`() throws {
        let storage = try #require(TensorStorage(copying: [UInt8](repeating: 1, count: 6)))
        let matrix = Tensor(dataType: .uint8, shape: try #require(TensorShape([2, 3])), storage: storage)
        let one = try #require(TensorStorage(copying: [7] as [UInt8]))
        let scalar = Tensor(dataType: .uint8, shape: .scalar, storage: one)
        let answer = try answer([NamedTensor(name: "a", tensor: matrix), NamedTensor(name: "b", tensor: scalar)])
        #expect(answer.outputs["a"]?.tensorShape.dim.map(\.size) == [2, 3])
        #expect(answer.outputs["b"]?.tensorShape.dim.isEmpty == true && answer.outputs["b"]?.intVal == [7])
    }

    /// What a model classifies by whose scores are called `v`.
    private func classification(hasNames: Bool, labels: [String] = []) throws -> TensorFlowSignature.Classification {
        let scores = TensorSpecification(name: "v", dataType: .fp32, shape: [-1, 2])
        let names = TensorSpecification(name: "classes", dataType: .bytes, shape: [-1, 2])
        let model = ModelDescription(
            id: Self.model,
            platform: "test",
            inputs: [],
            outputs: hasNames ? [scores, names] : [scores],
            labels: ["v": labels]
        )
        return try TensorFlowSignature.classification(of: model)
    }

    @Test func `classes have their names or their numbers`() throws {
        let scores = Tensor(.fp32, [0.5, 0, 0.25, 1] as [Float])
        let values = Tensor(dataType: .fp32, shape: try #require(TensorShape([2, 2])), storage: scores.storage)
        let names = Tensor(strings: [[65], [], [66], [67]])
        let classes = Tensor(dataType: .bytes, shape: values.shape, storage: names.storage)
        for hasNames in [true, false] {
            let results = try TensorFlowResults(
                classification: classification(hasNames: hasNames),
                outputs: [NamedTensor(name: "v", tensor: values), NamedTensor(name: "classes", tensor: classes)],
                examples: 2
            )
            let response = try encoded(
                results,
                isClassification: true,
                as: Tensorflow_Serving_ClassificationResponse.self
            )
            let wanted =
                hasNames ? [["A 0.5", " 0.0"], ["B 0.25", "C 1.0"]] : [["0 0.5", "1 0.0"], ["0 0.25", "1 1.0"]]
            #expect(response.result.classifications.map { $0.classes.map { "\($0.label) \($0.score)" } } == wanted)
            #expect(response.modelSpec.version.value == 300)
        }
    }

    @Test func `classes without names of their own have those of the label file`() throws {
        let scores = Tensor(.fp32, [0.5, 0, 0.25] as [Float])
        let values = Tensor(dataType: .fp32, shape: try #require(TensorShape([1, 3])), storage: scores.storage)
        let results = try TensorFlowResults(
            classification: classification(hasNames: false, labels: ["zero", ""]),
            outputs: [NamedTensor(name: "v", tensor: values)],
            examples: 1
        )
        let response = try encoded(
            results,
            isClassification: true,
            as: Tensorflow_Serving_ClassificationResponse.self
        )
        #expect(response.result.classifications[0].classes.map(\.label) == ["zero", "", "2"])
    }

    @Test func `values are given in any type of real numbers, zero and all`() throws {
        for tensor in [
            Tensor(.fp32, [1.5, 0, -0.0, -2] as [Float]), Tensor(.fp64, [1.5, 0, -0.0, -2] as [Double]),
            Tensor(.fp16, [1.5, 0, -0.0, -2] as [Float16]), Tensor(.bf16, [0x3FC0, 0, 0x8000, 0xC000] as [UInt16]),
        ] {
            let results = try TensorFlowResults(
                regression: "v",
                outputs: [NamedTensor(name: "v", tensor: tensor)],
                examples: 4
            )
            let response = try encoded(results, isClassification: false, as: Tensorflow_Serving_RegressionResponse.self)
            let values = response.result.regressions.map(\.value)
            #expect(values == [1.5, 0, -0.0, -2] && values[2].sign == .minus, "\(tensor.dataType)")
        }
    }

    @Test func `tasks are answered one after the other`() throws {
        let tensor = Tensor(.fp32, [1.5] as [Float])
        let outputs = [NamedTensor(name: "v", tensor: tensor)]
        let parts = try [true, false].map { isClassification in
            let results =
                isClassification
                ? try TensorFlowResults(classification: classification(hasNames: false), outputs: outputs, examples: 1)
                : try TensorFlowResults(regression: "v", outputs: outputs, examples: 1)
            let encoder = try TensorFlowResultsAnswer(
                model: Self.model,
                results: results,
                isClassification: isClassification,
                form: .result,
                maxBytes: .max
            )
            return bytes(encoder.byteCount) { encoder.write(into: &$0) }
        }
        let encoder = try TensorFlowTasksAnswer(parts, maxBytes: .max)
        let response = try Tensorflow_Serving_MultiInferenceResponse(
            serializedBytes: bytes(encoder.byteCount) { encoder.write(into: &$0) }
        )
        #expect(response.results.map(\.modelSpec.name) == ["m", "m"])
        #expect(response.results[0].classificationResult.classifications[0].classes[0].score == 1.5)
        #expect(response.results[1].regressionResult.regressions[0].value == 1.5)
    }

    @Test func `an answer that is too large is refused before it is written`() throws {
        let tensor = Tensor(.fp32, [Float](repeating: 0, count: 100))
        #expect(throws: InferenceError.self) {
            try TensorFlowPredictAnswer(
                model: Self.model,
                outputs: [NamedTensor(name: "y", tensor: tensor)],
                maxBytes: 400
            )
        }
        let results = try TensorFlowResults(
            regression: "v",
            outputs: [NamedTensor(name: "v", tensor: tensor)],
            examples: 100
        )
        #expect(throws: InferenceError.self) {
            try TensorFlowResultsAnswer(model: Self.model, results: results, isClassification: false, maxBytes: 100)
        }
    }

    private func encoded<Response: Message>(
        _ results: TensorFlowResults,
        isClassification: Bool,
        as type: Response.Type
    ) throws -> Response {
        let encoder = try TensorFlowResultsAnswer(
            model: Self.model,
            results: results,
            isClassification: isClassification,
            maxBytes: .max
        )
        return try Response(serializedBytes: bytes(encoder.byteCount) { encoder.write(into: &$0) })
    }
}
