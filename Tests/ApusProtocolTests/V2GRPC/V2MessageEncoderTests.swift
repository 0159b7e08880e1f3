import ApusCore
import ApusProtocol
import ApusProtos
import FoundationEssentials
import SwiftProtobuf
import Testing

struct V2MessageEncoderTests {
    /// What an encoder writes into exactly as much memory as it asked for.
    private func written(_ byteCount: Int, _ write: (inout OutputRawSpan) -> Void) -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        write(&span)
        let count = unsafe span.finalize(for: memory)
        #expect(count == byteCount, "measured exactly")
        return unsafe Array(memory[..<count])
    }

    private func message(
        id: String = "",
        outputs: [NamedTensor],
        parameters: [(name: String, value: ParameterValue)] = []
    ) throws -> Inference_ModelInferResponse {
        let encoder = try V2MessageEncoder(
            id: id,
            model: TestRequest.model.id,
            outputs: outputs,
            parameters: parameters,
            maxBytes: .max
        )
        return try Inference_ModelInferResponse(serializedBytes: written(encoder.byteCount, encoder.write))
    }

    @Test func `every part comes out of the generated message again`() throws {
        let outputs = [
            NamedTensor(name: "numbers", tensor: Tensor(.fp32, [1.5, -2] as [Float])),
            NamedTensor(name: "none", tensor: Tensor(.int64, [] as [Int64])),
            NamedTensor(name: "texts", tensor: Tensor(strings: [[65], [], [66, 67]])),
        ]
        let parameters: [(name: String, value: ParameterValue)] = [
            ("b", .bool(true)), ("i", .int(-5)), ("s", .string("text")), ("d", .double(0.25)), ("u", .uint(.max)),
        ]
        let message = try message(id: "an id", outputs: outputs, parameters: parameters)
        #expect(message.modelName == "anything" && message.modelVersion == "3" && message.id == "an id")
        #expect(message.outputs.map(\.name) == ["numbers", "none", "texts"])
        #expect(message.outputs.map(\.datatype) == ["FP32", "INT64", "BYTES"])
        #expect(message.outputs.map(\.shape) == [[2], [0], [3]])
        #expect(message.rawOutputContents.map { Array($0) } == outputs.map(\.tensor.byteArray))
        #expect(message.parameters["b"]?.boolParam == true && message.parameters["i"]?.int64Param == -5)
        #expect(message.parameters["s"]?.stringParam == "text" && message.parameters["d"]?.doubleParam == 0.25)
        #expect(message.parameters["u"]?.uint64Param == .max && message.parameters.count == 5)
        #expect(message.unknownFields.data.isEmpty)
    }

    @Test(arguments: [0, 1, 31, 32, 127, 128, 16_383, 16_384, 300_000])
    func `lengths of every size are measured exactly`(count: Int) throws {
        let tensor = Tensor(.uint8, [UInt8](repeating: 7, count: count))
        let message = try message(
            id: String(repeating: "i", count: count),
            outputs: [NamedTensor(name: "y", tensor: tensor)]
        )
        #expect(message.rawOutputContents[0].count == count && message.id.count == count)
    }

    @Test func `a scalar has no shape, and a stream's answer wraps the same message`() throws {
        let scalar = Tensor(dataType: .uint8, shape: .scalar, storage: TensorStorage(copying: [9])!)
        let encoder = try V2MessageEncoder(
            id: "7",
            model: TestRequest.model.id,
            outputs: [NamedTensor(name: "y", tensor: scalar)],
            form: .streamResponse,
            maxBytes: .max
        )
        let message = try Inference_ModelStreamInferResponse(
            serializedBytes: written(encoder.byteCount, encoder.write)
        )
        #expect(message.errorMessage.isEmpty && message.inferResponse.id == "7")
        #expect(message.inferResponse.outputs[0].shape.isEmpty)
        #expect(message.inferResponse.rawOutputContents.map { Array($0) } == [[9]])
    }

    @Test(arguments: ["", "id"])
    func `a failure in a stream has its words and the request's id`(id: String) throws {
        let failure = V2MessageFailure(InferenceError(.invalidArgument, "words"), id: id)
        let message = try Inference_ModelStreamInferResponse(
            serializedBytes: written(failure.byteCount, failure.write)
        )
        #expect(message.errorMessage == "words" && message.hasInferResponse && message.inferResponse.id == id)
    }

    @Test func `an answer over the limit is refused before memory is taken for it`() {
        let output = NamedTensor(name: "y", tensor: Tensor(.uint8, [UInt8](repeating: 7, count: 1000)))
        let error = #expect(throws: InferenceError.self) {
            try V2MessageEncoder(id: "", model: TestRequest.model.id, outputs: [output], maxBytes: 500)
        }
        #expect(error?.code == .tooLarge)
    }

    @Test func `what was written as an answer can be sent as a request`() throws {
        let tensor = Tensor(.int32, [1, 2, 3] as [Int32])
        let answer = try message(outputs: [NamedTensor(name: "x", tensor: tensor)])
        let raw = answer.rawOutputContents.map { Array($0) }
        let input = Inference_ModelInferRequest.InferInputTensor("x", .int32, answer.outputs[0].shape)
        let request = try TestMessage(.asking([input], raw: raw)).decode()
        #expect(request.inputs[0].tensor.elements(as: Int32.self) == [1, 2, 3])
    }
}
