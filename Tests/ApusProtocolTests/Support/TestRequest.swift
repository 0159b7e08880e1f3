import ApusCore
import ApusProtocol

/// A v2 request to a model that takes anything: decodes and answers it as an edge does.
struct TestRequest {
    /// The JSON part.
    var json: [UInt8]
    /// The bytes behind it.
    var binary: [UInt8] = []
    /// What the padding behind the JSON is filled with; no answer may depend on it.
    var padding = UInt8(ascii: " ")
    var limits = InputLimits()
    /// Who pays for its memory.
    var budget: ByteBudget?

    init(_ json: String, binary: [UInt8] = []) {
        self.json = Array(json.utf8)
        self.binary = binary
    }

    init(bytes: [UInt8]) {
        self.json = bytes
    }

    /// A request with one input, which must have a shape of so many elements as `data` has.
    init(dataType: DataType, shape: String, data: String) {
        self.init(#"{"inputs":[{"name":"x","shape":\#(shape),"datatype":"\#(dataType.rawValue)","data":\#(data)}]}"#)
    }

    /// Decodes the request with a decoder of its own.
    func decode() throws(InferenceError) -> V2InferRequest {
        guard let decoder = V2RequestDecoder(limits: limits) else {
            throw InferenceError(.internalFailure, "no memory")
        }
        return try decode(with: decoder)
    }

    /// Decodes the request with a decoder that has been used before.
    func decode(with decoder: V2RequestDecoder) throws(InferenceError) -> V2InferRequest {
        let padded = json + [UInt8](repeating: padding, count: JSONReader.padding)
        let result = unsafe padded.withUnsafeBytes { bytes in
            // A typed throw doesn't come out of this closure, a result does.
            Result { () throws(InferenceError) in
                var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
                return try unsafe decoder.decode(
                    json: UnsafeRawBufferPointer(rebasing: bytes[..<json.count]),
                    binary: BytesBody(bytes: binary),
                    model: TestRequest.model,
                    memory: &memory
                )
            }
        }
        return try result.get()
    }

    /// The only input's tensor.
    func tensor() throws -> Tensor {
        try decode().inputs[0].tensor
    }

    /// The only input's elements.
    func elements<Element: BitwiseCopyable>(as type: Element.Type = Element.self) throws -> [Element] {
        try tensor().elements(as: type)
    }

    /// The refusal; `nil` when the request is taken.
    func refusal() -> InferenceError? { InferenceError(thrownBy: decode) }

    /// The version that is asked; nothing of a request is compared with it.
    static let model = ModelDescription(
        id: ModelID(name: ModelName("anything")!, version: ModelVersion(3)!),
        platform: "test",
        inputs: [TensorSpecification(name: "known", dataType: .fp32, shape: [-1])],
        outputs: []
    )
}

extension Tensor {
    /// The tensor's bytes.
    var byteArray: [UInt8] {
        unsafe storage.withUnsafeBytes { unsafe Array($0) }
    }

    /// The tensor's elements.
    func elements<Element: BitwiseCopyable>(as type: Element.Type = Element.self) -> [Element] {
        let size = MemoryLayout<Element>.size
        return unsafe storage.withUnsafeBytes { memory in
            (0..<memory.count / size).map { index in
                unsafe memory.loadUnaligned(fromByteOffset: index * size, as: Element.self)
            }
        }
    }

    /// The elements of a BYTES tensor.
    var byteStrings: [[UInt8]] {
        let bytes = byteArray
        return (BytesElements.ranges(in: storage.bytes) ?? []).map { Array(bytes[$0]) }
    }

    /// A tensor of one dimension with a copy of some elements.
    init<Element: BitwiseCopyable>(_ dataType: DataType, _ elements: [Element]) {
        let bytes = unsafe elements.withUnsafeBytes { unsafe Array($0) }
        self.init(dataType: dataType, shape: TensorShape([elements.count])!, storage: TensorStorage(copying: bytes)!)
    }

    /// A BYTES tensor of one dimension.
    init(strings: [[UInt8]]) {
        let bytes = strings.flatMap { $0.rawElement }
        self.init(dataType: .bytes, shape: TensorShape([strings.count])!, storage: TensorStorage(copying: bytes)!)
    }
}

extension [UInt8] {
    /// The bytes as a BYTES element: their count in four bytes, little-endian, before them.
    var rawElement: [UInt8] {
        var length = UInt32(count).littleEndian
        return unsafe Swift.withUnsafeBytes(of: &length) { unsafe Array($0) } + self
    }
}
