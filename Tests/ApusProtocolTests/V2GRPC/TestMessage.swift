import ApusCore
import ApusProtocol
import ApusProtos
import FoundationEssentials
import SwiftProtobuf
import Testing

/// A ModelInferRequest as bytes: decodes it as an edge does.
struct TestMessage {
    var bytes: [UInt8]
    var limits = InputLimits()
    /// Who pays for its memory.
    var budget: ByteBudget?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// What protobuf's own encoder makes of a message.
    init(_ message: Inference_ModelInferRequest) throws {
        self.bytes = try message.serializedBytes()
    }

    /// Decodes the request with a decoder of its own.
    func decode() throws(InferenceError) -> V2InferRequest {
        try decode(with: V2MessageDecoder(limits: limits))
    }

    /// Decodes the request with a decoder that has been used before.
    func decode(with decoder: V2MessageDecoder) throws(InferenceError) -> V2InferRequest {
        let outline = try decoder.outline(unsafe bytes.span.bytes)
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
        return try decoder.decode(
            outline,
            bytes: unsafe bytes.span.bytes,
            body: BytesBody(bytes: bytes),
            model: TestRequest.model,
            memory: &memory
        )
    }

    /// Why the request is refused; `nil` when it isn't.
    func refusal() -> InferenceError? { InferenceError(thrownBy: decode) }
}

extension Inference_ModelInferRequest {
    /// A request to some model with inputs.
    static func asking(_ inputs: [InferInputTensor], raw: [[UInt8]] = []) -> Inference_ModelInferRequest {
        var request = Inference_ModelInferRequest()
        request.modelName = "anything"
        request.inputs = inputs
        request.rawInputContents = raw.map { Data($0) }
        return request
    }
}

extension Inference_ModelInferRequest.InferInputTensor {
    /// An input with or without typed contents.
    init(
        _ name: String,
        _ dataType: DataType,
        _ shape: [Int64],
        _ fill: ((inout Inference_InferTensorContents) -> Void)? = nil
    ) {
        self.init()
        self.name = name
        self.datatype = dataType.rawValue
        self.shape = shape
        if let fill { fill(&contents) }
    }
}
