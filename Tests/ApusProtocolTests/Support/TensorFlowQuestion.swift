import ApusCore
import ApusProtocol

/// A request of TensorFlow Serving's to a model with these inputs: decodes it as an edge does.
struct TensorFlowQuestion {
    var json: [UInt8]
    var inputs: [TensorSpecification]
    var outputs: [TensorSpecification] = []
    var limits = InputLimits()
    var budget: ByteBudget?
    /// What the padding behind the JSON is filled with; no answer may depend on it.
    var padding = UInt8(ascii: " ")

    init(_ json: String, _ inputs: TensorSpecification...) {
        self.json = Array(json.utf8)
        self.inputs = inputs
    }

    var model: ModelDescription {
        ModelDescription(
            id: ModelID(name: ModelName("m")!, version: ModelVersion(3)!),
            platform: "test",
            inputs: inputs,
            outputs: outputs
        )
    }

    func predict() throws(InferenceError) -> TensorFlowPredictRequest {
        guard let decoder = TensorFlowServingDecoder(limits: limits) else {
            throw InferenceError(.internalFailure, "no memory")
        }
        return try predict(with: decoder)
    }

    func predict(with decoder: TensorFlowServingDecoder) throws(InferenceError) -> TensorFlowPredictRequest {
        try unsafe read { json, memory throws(InferenceError) in
            try unsafe decoder.decodePredict(json: json, model: model, memory: &memory)
        }
    }

    func examples() throws(InferenceError) -> TensorFlowExamplesRequest {
        guard let decoder = TensorFlowServingDecoder(limits: limits) else {
            throw InferenceError(.internalFailure, "no memory")
        }
        return try unsafe read { json, memory throws(InferenceError) in
            try unsafe decoder.decodeExamples(json: json, model: model, memory: &memory)
        }
    }

    /// The refusal of a predict request; `nil` when it is taken.
    func refusal() -> InferenceError? { InferenceError(thrownBy: predict) }

    /// The refusal of a list of examples; `nil` when it is taken.
    func examplesRefusal() -> InferenceError? { InferenceError(thrownBy: examples) }

    private func read<Value>(
        _ body: (UnsafeRawBufferPointer, inout RequestMemory) throws(InferenceError) -> Value
    ) throws(InferenceError) -> Value {
        let padded = json + [UInt8](repeating: padding, count: JSONReader.padding)
        let result = unsafe padded.withUnsafeBytes { bytes in
            // A typed throw doesn't come out of this closure, a result does.
            Result { () throws(InferenceError) in
                var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
                return try unsafe body(UnsafeRawBufferPointer(rebasing: bytes[..<json.count]), &memory)
            }
        }
        return try result.get()
    }
}

extension TensorSpecification {
    /// An input of a type and a shape.
    static func input(_ name: String, _ type: DataType, _ shape: [Int], isOptional: Bool = false) -> Self {
        TensorSpecification(name: name, dataType: type, shape: shape, isOptional: isOptional)
    }
}

extension NamedTensor {
    /// Name, type and shape in a few letters: `x FP32[2,3]`.
    var outline: String { "\(name) \(tensor.dataType.rawValue)\(tensor.shape)" }
}
