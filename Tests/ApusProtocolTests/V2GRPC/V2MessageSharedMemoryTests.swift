import ApusCore
import ApusProtocol
import ApusProtos
import SwiftProtobuf
import Synchronization
import Testing

/// Inputs and outputs of messages that lie in shared memory, and outputs that are classified.
struct V2MessageSharedMemoryTests {
    private typealias Input = Inference_ModelInferRequest.InferInputTensor

    private let memory = FakeSharedMemory([1, 2, 3, 4, 5, 6, 7, 8])

    private func value(_ fill: (inout Inference_InferParameter) -> Void) -> Inference_InferParameter {
        var parameter = Inference_InferParameter()
        fill(&parameter)
        return parameter
    }

    private func place(_ region: String, _ offset: Int64?, _ size: UInt64?) -> [String: Inference_InferParameter] {
        var parameters = ["shared_memory_region": value { $0.stringParam = region }]
        if let offset { parameters["shared_memory_offset"] = value { $0.int64Param = offset } }
        if let size { parameters["shared_memory_byte_size"] = value { $0.uint64Param = size } }
        return parameters
    }

    private func input(_ parameters: [String: Inference_InferParameter], count: Int64 = 4) -> Input {
        var input = Input("x", .uint8, [count])
        input.parameters = parameters
        return input
    }

    private func decode(_ message: Inference_ModelInferRequest) throws -> V2InferRequest {
        try TestMessage(message).decode(with: V2MessageDecoder(limits: InputLimits(), sharedMemory: memory))
    }

    @Test func `an input is read out of its region, beside others that are sent`() throws {
        var message = Inference_ModelInferRequest.asking(
            [input(place("r", 2, 4)), Input("y", .uint8, [1])],
            raw: [[9]]
        )
        message.inputs[1].name = "y"
        let request = try decode(message)
        #expect(request.inputs.map(\.tensor.byteArray) == [[3, 4, 5, 6], [9]])
    }

    @Test func `a region is checked before anything is taken from it`() throws {
        let wrong: [([String: Inference_InferParameter], Int64)] = [
            (place("nobody", 0, 4), 4), (place("r", 6, 4), 4), (place("r", 0, 3), 4), (place("r", 0, 5), 4),
            (place("r", 0, nil), 4), (place("r", -1, 4), 4), (place("r", 0, .max), 4), (place("r", .max, .max), 4),
            (["shared_memory_region": value { $0.int64Param = 1 }], 4),
            (place("r", 0, 4).merging(["shared_memory_offset": value { $0.stringParam = "0" }]) { $1 }, 4),
        ]
        for (parameters, count) in wrong {
            #expect(throws: InferenceError.self) { try decode(.asking([input(parameters, count: count)])) }
        }
    }

    @Test func `an input that lies in a region and is sent too is refused`() throws {
        var both = input(place("r", 0, 4))
        both.contents.uintContents = [1, 2, 3, 4]
        let error = #expect(throws: InferenceError.self) { try decode(.asking([both])) }
        #expect(error?.code == .invalidArgument)
        // A raw entry more than there are inputs without a region.
        #expect(throws: InferenceError.self) { try decode(.asking([input(place("r", 0, 4))], raw: [[1, 2, 3, 4]])) }
    }

    @Test func `an output goes into its region, and its entry in the answer is empty`() throws {
        var message = Inference_ModelInferRequest.asking([])
        message.outputs = [.with { $0.name = "there" }, .with { $0.name = "here" }]
        message.outputs[0].parameters = place("r", 4, 3)
        let wishes = try #require(try decode(message).outputWishes)
        let outputs = [
            NamedTensor(name: "there", tensor: Tensor(.uint8, [70, 71, 72] as [UInt8])),
            NamedTensor(name: "here", tensor: Tensor(.uint8, [80] as [UInt8])),
        ]
        let answer = try written(outputs, wishes)
        #expect(memory.bytes.withLock { $0 } == [1, 2, 3, 4, 70, 71, 72, 8])
        #expect(answer.outputs.map(\.name) == ["there", "here"] && answer.outputs[0].shape == [3])
        #expect(answer.rawOutputContents.map { Array($0) } == [[], [80]])
        let long = [NamedTensor(name: "there", tensor: Tensor(.uint8, [1, 2, 3, 4] as [UInt8])), outputs[1]]
        #expect(throws: InferenceError.self) { try written(long, wishes) }
        #expect(memory.bytes.withLock { $0 } == [1, 2, 3, 4, 70, 71, 72, 8])
    }

    @Test func `an output is classified`() throws {
        var message = Inference_ModelInferRequest.asking([])
        message.outputs = [.with { $0.name = "y" }]
        message.outputs[0].parameters["classification"] = value { $0.int64Param = 2 }
        let wishes = try #require(try decode(message).outputWishes)
        let scores = NamedTensor(name: "y", tensor: Tensor(.fp32, [0.25, 3, 1] as [Float]))
        let answer = try written([scores], wishes)
        #expect(answer.outputs[0].datatype == "BYTES" && answer.outputs[0].shape == [2])
        let texts = Tensor(strings: ["3.000000:1", "1.000000:2"].map { Array($0.utf8) })
        #expect(Array(answer.rawOutputContents[0]) == texts.byteArray)
        message.outputs[0].parameters["classification"] = value { $0.int64Param = -1 }
        #expect(throws: InferenceError.self) { try decode(message) }
        message.outputs[0].parameters = place("r", 0, 4)
        message.outputs[0].parameters["classification"] = value { $0.int64Param = 1 }
        #expect(throws: InferenceError.self) { try decode(message) }
    }

    @Test func `a part larger than a body may be is refused before it is read`() throws {
        var limits = InputLimits()
        limits.maxBodyBytes = 3
        let error = #expect(throws: InferenceError.self) {
            try TestMessage(.asking([input(place("r", 0, 4))]))
                .decode(with: V2MessageDecoder(limits: limits, sharedMemory: memory))
        }
        #expect(error?.message.contains("max_body_bytes") == true)
    }

    @Test func `parameters of an output are looked at one by one, however many there are`() throws {
        // An empty entry has two bytes; the first fault is told when all have been passed.
        let entries = [UInt8](repeating: 0, count: 2 << 20).enumerated().map {
            $0.offset.isMultiple(of: 2) ? 0x12 : $0.element
        }
        var length: [UInt8] = []
        var left = entries.count
        while left > 0x7f {
            length.append(UInt8(left & 0x7f) | 0x80)
            left >>= 7
        }
        length.append(UInt8(left))
        var message = Inference_ModelInferRequest.asking([])
        message.outputs = []
        let bytes: [UInt8] = try message.serializedBytes() + [0x32] + length + entries
        let error = #expect(throws: InferenceError.self) {
            try TestMessage(bytes).decode(with: V2MessageDecoder(limits: InputLimits()))
        }
        #expect(error?.field == "outputs[0].name")
    }

    @Test func `without wishes nothing is looked at`() throws {
        var message = Inference_ModelInferRequest.asking([])
        message.outputs = [.with { $0.name = "y" }]
        #expect(try decode(message).outputWishes == nil)
    }

    private func written(_ outputs: [NamedTensor], _ wishes: V2OutputForm) throws -> Inference_ModelInferResponse {
        let encoder = try V2MessageEncoder(
            id: "",
            model: TestRequest.model.id,
            outputs: wishes.prepare(outputs, model: TestRequest.model, maxBytes: .max),
            wishes: wishes,
            maxBytes: .max
        )
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: encoder.byteCount, alignment: 16)
        defer { unsafe room.deallocate() }
        var span = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
        encoder.write(into: &span)
        let count = unsafe span.finalize(for: room)
        #expect(count == encoder.byteCount, "measured exactly")
        return try Inference_ModelInferResponse(serializedBytes: unsafe Array(room[..<count]))
    }
}
