import ApusCore

@testable import ApusProtocol

/// A plain request to a model: decodes it as an edge does.
struct PlainQuestion {
    var model = PlainQuestion.iris
    var limits = InputLimits()
    var budget: ByteBudget?
    /// What the padding behind the JSON is filled with; no answer may depend on it.
    var padding = UInt8(ascii: " ")

    /// One input of rows of four numbers.
    static let iris = makeModel([TensorSpecification(name: "x", dataType: .fp32, shape: [-1, 4])])

    static func makeModel(_ inputs: [TensorSpecification]) -> ModelDescription {
        ModelDescription(
            id: ModelID(name: ModelName("iris")!, version: .first),
            platform: "test",
            inputs: inputs,
            outputs: []
        )
    }

    /// A model of one input.
    static func one(_ dataType: DataType, _ shape: [Int], name: String = "x") -> PlainQuestion {
        PlainQuestion(model: makeModel([TensorSpecification(name: name, dataType: dataType, shape: shape)]))
    }

    func decode(_ json: String) throws(InferenceError) -> PlainRequest {
        try decode(bytes: Array(json.utf8))
    }

    func decode(bytes json: [UInt8]) throws(InferenceError) -> PlainRequest {
        guard let decoder = PlainDecoder(limits: limits) else { throw InferenceError(.internalFailure, "no memory") }
        return try decode(bytes: json, with: decoder)
    }

    func decode(bytes json: [UInt8], with decoder: PlainDecoder) throws(InferenceError) -> PlainRequest {
        let padded = json + [UInt8](repeating: padding, count: JSONReader.padding)
        let result = unsafe padded.withUnsafeBytes { bytes in
            Result { () throws(InferenceError) in
                var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
                let json = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<json.count])
                return try unsafe decoder.decode(json: json, model: model, memory: &memory)
            }
        }
        return try result.get()
    }

    func decode(list: PlainList) throws(InferenceError) -> PlainRequest {
        guard let decoder = PlainDecoder(limits: limits) else { throw InferenceError(.internalFailure, "no memory") }
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
        return try decoder.decode(list: list, model: model, memory: &memory)
    }

    /// The refusal; `nil` when the request is taken.
    func refusal(_ json: String) -> InferenceError? { InferenceError { () throws(InferenceError) in try decode(json) } }
}
