import ApusCore
import ApusProtocol
import ApusProtos
import FoundationEssentials
import SwiftProtobuf
import Testing

struct V2MessageDecoderTests {
    private func parameters(
        _ fill: (inout [String: Inference_InferParameter]) -> Void
    ) throws -> V2InferRequest {
        var message = Inference_ModelInferRequest.asking([])
        fill(&message.parameters)
        return try TestMessage(message).decode()
    }

    private func value(_ fill: (inout Inference_InferParameter) -> Void) -> Inference_InferParameter {
        var parameter = Inference_InferParameter()
        fill(&parameter)
        return parameter
    }

    @Test func `an outline says which model is asked before anything else is read`() throws {
        var message = Inference_ModelInferRequest.asking([])
        message.modelVersion = "3"
        message.id = "a"
        let bytes: [UInt8] = try message.serializedBytes()
        let outline = try V2MessageDecoder(limits: InputLimits()).outline(unsafe bytes.span.bytes)
        #expect(outline.modelName == "anything" && outline.modelVersion == "3" && outline.id == "a")
        #expect(
            try outline.selector() == ModelSelector(name: ModelName("anything")!, version: .exact(ModelVersion(3)!))
        )
    }

    @Test(arguments: [("", ""), ("..", ""), ("a/b", ""), ("m", "x/"), ("m", "-1"), ("m", "01"), ("m", "0")])
    func `names and versions that no model can have are invalid arguments`(name: String, version: String) {
        let error = #expect(throws: InferenceError.self) { try ModelSelector(messageName: name, version: version) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `a version may be a label`() throws {
        let selector = try ModelSelector(messageName: "m", version: "stable")
        #expect(selector.version == .label(VersionLabel("stable")!))
    }

    @Test func `the parameters of the protocol go where HTTP's go`() throws {
        let request = try parameters {
            $0["sequence_id"] = value { $0.int64Param = 7 }
            $0["sequence_start"] = value { $0.boolParam = true }
            $0["priority"] = value { $0.uint64Param = 2 }
            $0["timeout"] = value { $0.int64Param = 500 }
            $0["triton_enable_empty_final_response"] = value { $0.boolParam = true }
            $0["mine"] = value { $0.doubleParam = 0.5 }
        }
        #expect(request.sequence == SequencePosition(id: .number(7), isStart: true, isEnd: false))
        #expect(request.priority == 2 && request.timeoutMicroseconds == 500 && request.wantsEmptyFinal)
        #expect(request.parameters == ["mine": .double(0.5)])
        #expect(try parameters { $0["sequence_id"] = value { $0.stringParam = "s" } }.sequence?.id == .text("s"))
        #expect(try parameters { $0["sequence_id"] = value { $0.int64Param = 0 } }.sequence == nil)
        #expect(try parameters { $0["priority"] = value { $0.int64Param = 1 } }.priority == 1)
    }

    @Test(arguments: ["sequence_id", "sequence_start", "sequence_end", "priority", "timeout"])
    func `a parameter of the wrong kind or without a value is refused by name`(name: String) throws {
        for wrong in [value { $0.doubleParam = 1 }, value { _ in }] {
            let error = #expect(throws: InferenceError.self) { try parameters { $0[name] = wrong } }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.hasPrefix("invalid value type for '\(name)' parameter, expected ") == true)
        }
    }

    @Test func `negative numbers, reserved names and own parameters without sign are refused`() {
        for name in ["priority", "timeout", "sequence_id"] {
            let error = #expect(throws: InferenceError.self) {
                try parameters { $0[name] = value { $0.int64Param = -1 } }
            }
            #expect(error?.message == "invalid value for '\(name)' parameter, expected value >= 0, got -1.")
        }
        #expect(throws: InferenceError.self) { try parameters { $0["triton_x"] = value { $0.boolParam = true } } }
        #expect(throws: InferenceError.self) { try parameters { $0["mine"] = value { $0.uint64Param = 1 } } }
        #expect(throws: InferenceError.self) {
            try parameters { $0["sequence_id"] = value { $0.stringParam = String(repeating: "x", count: 129) } }
        }
    }

    @Test func `raw and typed contents in one request are refused with Triton's words`() throws {
        let typed = Inference_ModelInferRequest.InferInputTensor("x", .fp32, [1]) { $0.fp32Contents = [1] }
        let message = try TestMessage(.asking([typed], raw: [[0, 0, 0, 0]]))
        #expect(
            message.refusal()?.message
                == "contents field must not be specified when using raw_input_contents for 'x' for model 'anything'"
        )
    }

    @Test(arguments: [0, 1, 3])
    func `as many raw entries as inputs, no fewer and no more`(count: Int) throws {
        let inputs = ["a", "b"].map { Inference_ModelInferRequest.InferInputTensor($0, .uint8, [1]) }
        let refusal = try TestMessage(.asking(inputs, raw: Array(repeating: [1], count: count))).refusal()
        #expect(refusal?.code == .invalidArgument)
        let words = count == 0 ? "Expected 1, got 0" : "got \(count)"
        #expect(refusal?.message.contains(words) == true, "\(refusal?.message ?? "")")
    }

    @Test func `a raw entry of another size than the shape's is refused with both sizes`() throws {
        let input = Inference_ModelInferRequest.InferInputTensor("x", .int32, [2])
        #expect(
            try TestMessage(.asking([input], raw: [[1, 2, 3]])).refusal()?.message
                == "input byte size mismatch for input 'x' for model 'anything'. Expected 8, got 3"
        )
        let text = Inference_ModelInferRequest.InferInputTensor("x", .bytes, [2])
        #expect(try TestMessage(.asking([text], raw: [[1, 0, 0, 0, 65]])).refusal()?.code == .invalidArgument)
    }

    @Test func `typed contents in another type's field are refused with both types`() throws {
        let input = Inference_ModelInferRequest.InferInputTensor("x", .fp32, [1]) { $0.intContents = [1] }
        let words = try #require(TestMessage(.asking([input])).refusal()?.message)
        #expect(words.hasPrefix("unexpected explicit tensor data for input tensor 'x' for model 'anything'"))
        #expect(words.contains("int_contents") && words.contains("FP32"))
        for dataType in [DataType.fp16, .bf16] {
            let half = Inference_ModelInferRequest.InferInputTensor("x", dataType, [1]) { $0.fp32Contents = [1] }
            #expect(try TestMessage(.asking([half])).refusal()?.message.contains("raw_input_contents") == true)
        }
    }

    @Test(arguments: [(DataType.int8, Int32(128)), (.int8, -129), (.int16, 32_768)])
    func `a number that the type can't hold is refused with its index`(dataType: DataType, number: Int32) throws {
        let input = Inference_ModelInferRequest.InferInputTensor("x", dataType, [2]) { $0.intContents = [0, number] }
        let refusal = try #require(TestMessage(.asking([input])).refusal())
        #expect(refusal.field == "inputs[0].contents[1]" && refusal.got == String(number))
    }

    @Test func `elements more or fewer than the shape has are refused`() throws {
        let numbers = Inference_ModelInferRequest.InferInputTensor("x", .fp64, [3]) { $0.fp64Contents = [1, 2] }
        #expect(
            try TestMessage(.asking([numbers])).refusal()?.message
                == "input byte size mismatch for input 'x' for model 'anything'. Expected 24, got 16"
        )
        let texts = Inference_ModelInferRequest.InferInputTensor("x", .bytes, [1]) {
            $0.bytesContents = [Data([65]), Data()]
        }
        #expect(
            try TestMessage(.asking([texts])).refusal()?.message
                == "unexpected number of string elements 2 for inference input 'x' for model 'anything', expecting 1"
        )
    }
}
