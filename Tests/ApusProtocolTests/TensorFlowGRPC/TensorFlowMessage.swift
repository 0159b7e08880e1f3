import ApusCore
import ApusProtocol
import ApusProtos
import FoundationEssentials
import SwiftProtobuf

/// A request of TensorFlow Serving's as a message: decodes it as an edge does.
struct TensorFlowMessage {
    var bytes: [UInt8]
    var inputs: [TensorSpecification]
    var limits = InputLimits()
    /// Who pays for its memory.
    var budget: ByteBudget?

    init(_ bytes: [UInt8], _ inputs: TensorSpecification...) {
        self.bytes = bytes
        self.inputs = inputs
    }

    /// What protobuf's own encoder makes of a message.
    init(_ message: some Message, _ inputs: TensorSpecification...) throws {
        self.bytes = try message.serializedBytes()
        self.inputs = inputs
    }

    var model: ModelDescription {
        ModelDescription(
            id: ModelID(name: ModelName("m")!, version: ModelVersion(3)!),
            platform: "test",
            inputs: inputs,
            outputs: inputs
        )
    }

    func predict() throws(InferenceError) -> [NamedTensor] {
        let message = try TensorFlowPredictMessage(unsafe bytes.span.bytes, limits: limits)
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
        return try message.tensors(
            for: model,
            bytes: unsafe bytes.span.bytes,
            body: BytesBody(bytes: bytes),
            limits: limits,
            memory: &memory
        )
    }

    func examples() throws(InferenceError) -> [NamedTensor] {
        let message = try TensorFlowExamplesMessage(unsafe bytes.span.bytes)
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
        return try message.examples.tensors(
            for: model,
            bytes: unsafe bytes.span.bytes,
            limits: limits,
            memory: &memory
        )
    }

    /// Why a predict request is refused; `nil` when it isn't.
    func refusal() -> InferenceError? { InferenceError(thrownBy: predict) }

    /// Why a list of examples is refused; `nil` when it isn't.
    func examplesRefusal() -> InferenceError? { InferenceError(thrownBy: examples) }
}

extension Tensorflow_TensorProto {
    /// A tensor of a type and a shape, its elements by a closure.
    init(_ type: Tensorflow_DataType, _ sizes: [Int64], _ fill: (inout Self) -> Void = { _ in }) {
        self.init()
        dtype = type
        tensorShape.dim = sizes.map { size in .with { $0.size = size } }
        fill(&self)
    }
}

extension Tensorflow_Serving_PredictRequest {
    /// A request to `m` with one input, `x`.
    init(_ tensor: Tensorflow_TensorProto) {
        self.init()
        modelSpec.name = "m"
        inputs["x"] = tensor
    }
}
