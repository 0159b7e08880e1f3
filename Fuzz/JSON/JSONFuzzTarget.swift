import ApusCore
import ApusProtocol

private let model = ModelDescription(
    id: ModelID(name: ModelName("fuzz")!, version: .first),
    platform: "",
    inputs: [TensorSpecification(name: "x", dataType: .fp32, shape: [-1])],
    outputs: []
)
nonisolated(unsafe) private let decoder = V2RequestDecoder(limits: InputLimits())!

/// One input of the fuzzer: a v2 request that is JSON to its end.
///
/// Besides not crashing, what is made of it must not depend on the padding behind it, and what was decoded must survive
/// being written as an answer and read again; and an id that is found without decoding is the decoded one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let json = Array(UnsafeBufferPointer(start: data, count: count))
    let decoded = decode(json, padding: 0)
    for padding in "}]0\"".utf8 {
        guard isSame(decoded, decode(json, padding: padding)) else { fatalError("padding \(padding) was read") }
    }
    let id = V2RequestID.find(in: json.span)
    guard let decoded else { return 0 }
    guard id.isEmpty || id == decoded.id else { fatalError("the id '\(decoded.id)' was taken for '\(id)'") }
    checkRoundTrip(decoded.inputs)
    return 0
}

/// Decodes a request that has exactly as much memory behind it as promised, filled with one byte.
private func decode(_ json: [UInt8], padding: UInt8) -> V2InferRequest? {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: json.count + JSONReader.padding, alignment: 16)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: padding)
    memory.copyBytes(from: json)
    var requestMemory = RequestMemory(allocator: HeapTensorAllocator(), budget: nil)
    return try? decoder.decode(
        json: UnsafeRawBufferPointer(rebasing: memory[..<json.count]),
        binary: NoBinaryBody(),
        model: model,
        memory: &requestMemory
    )
}

private func isSame(_ one: V2InferRequest?, _ other: V2InferRequest?) -> Bool {
    guard let one, let other else { return one == nil && other == nil }
    return one.id == other.id && one.parameters == other.parameters && one.inputs.count == other.inputs.count
        && zip(one.inputs, other.inputs).allSatisfy { $0.name == $1.name && bytes($0.tensor) == bytes($1.tensor) }
}

private func bytes(_ tensor: Tensor) -> [UInt8] {
    tensor.storage.withUnsafeBytes { Array($0) }
}

/// Writes the tensors as an answer, makes a request of its `outputs`, and decodes that.
private func checkRoundTrip(_ tensors: [NamedTensor]) {
    let form = V2OutputForm(listed: [], others: false)
    guard
        let encoder = try? V2ResponseEncoder(id: "", model: model.id, outputs: tensors, request: form, maxBytes: .max)
    else { fatalError("what came as JSON can't be written as JSON") }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: encoder.jsonBound, alignment: 16)
    defer { memory.deallocate() }
    var span = OutputRawSpan(buffer: memory, initializedCount: 0)
    encoder.write(into: &span)
    let written = Array(memory[..<span.finalize(for: memory)])
    let start = Array(#"{"model_name":"fuzz","model_version":"1","out"#.utf8)
    guard let read = decode(Array(#"{"in"#.utf8) + written[start.count...], padding: 0) else {
        fatalError("what was written can't be read")
    }
    for (tensor, again) in zip(tensors, read.inputs) {
        guard tensor.tensor.shape == again.tensor.shape, bytes(tensor.tensor) == bytes(again.tensor) else {
            fatalError("what was written is not what was read")
        }
    }
}
