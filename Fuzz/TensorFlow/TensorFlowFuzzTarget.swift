import ApusCore
import ApusProtocol

private let numbers = TensorSpecification(name: "x", dataType: .fp32, shape: [-1, -1])
private let texts = TensorSpecification(name: "s_bytes", dataType: .bytes, shape: [-1])
private let small = TensorSpecification(name: "n", dataType: .int8, shape: [-1], isOptional: true)
private let models = [[numbers], [texts], [numbers, texts, small]].map { inputs in
    ModelDescription(
        id: ModelID(name: ModelName("fuzz")!, version: .first),
        platform: "",
        inputs: inputs,
        outputs: []
    )
}
nonisolated(unsafe) private let decoder = TensorFlowServingDecoder(limits: InputLimits())!

/// One input of the fuzzer: a request of TensorFlow Serving's, for a model that its first byte chooses.
///
/// Besides not crashing, what is made of it must not depend on the padding behind it, and what was decoded must survive
/// being written as an answer and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTensorFlow(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    guard let first = bytes.first else { return 0 }
    let model = models[Int(first) % models.count]
    let json = Array(bytes.dropFirst())
    for isPredict in [true, false] {
        let decoded = decode(json, padding: 0, model: model, isPredict: isPredict)
        for padding in "}]0\"".utf8 {
            let again = decode(json, padding: padding, model: model, isPredict: isPredict)
            guard isSame(decoded, again) else { fatalError("padding \(padding) was read") }
        }
        guard let decoded else { continue }
        checkMemory(decoded)
        if isPredict { checkRoundTrip(decoded, model: model) }
    }
    return 0
}

/// Decodes a request that has exactly as much memory behind it as promised, filled with one byte.
private func decode(_ json: [UInt8], padding: UInt8, model: ModelDescription, isPredict: Bool) -> [NamedTensor]? {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: json.count + JSONReader.padding, alignment: 16)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: padding)
    memory.copyBytes(from: json)
    let text = UnsafeRawBufferPointer(rebasing: memory[..<json.count])
    var requestMemory = RequestMemory(allocator: HeapTensorAllocator(), budget: ByteBudget(limit: 64 << 20))
    return isPredict
        ? (try? decoder.decodePredict(json: text, model: model, memory: &requestMemory))?.inputs
        : (try? decoder.decodeExamples(json: text, model: model, memory: &requestMemory))?.inputs
}

private func isSame(_ one: [NamedTensor]?, _ other: [NamedTensor]?) -> Bool {
    guard let one, let other else { return one == nil && other == nil }
    return one.count == other.count
        && zip(one, other).allSatisfy {
            $0.name == $1.name && $0.tensor.shape == $1.tensor.shape && bytes($0.tensor) == bytes($1.tensor)
        }
}

private func bytes(_ tensor: Tensor) -> [UInt8] {
    tensor.storage.withUnsafeBytes { Array($0) }
}

/// As much memory as the shape says, and as many elements of BYTES.
private func checkMemory(_ tensors: [NamedTensor]) {
    for tensor in tensors.map(\.tensor) {
        let isWell =
            tensor.dataType == .bytes
            ? BytesElements.count(in: tensor.storage.bytes) == tensor.shape.elementCount
            : tensor.shape.byteCount(of: tensor.dataType) == tensor.storage.byteCount
        guard isWell else { fatalError("a tensor's memory is not its shape's") }
    }
}

/// Writes the tensors as an answer in columns, makes a request of it, and decodes that; rows are written too.
private func checkRoundTrip(_ tensors: [NamedTensor], model: ModelDescription) {
    if let rows = try? TensorFlowPredictEncoder(outputs: tensors, form: .rows, maxBytes: .max) { _ = written(rows) }
    guard let columns = try? TensorFlowPredictEncoder(outputs: tensors, form: .columns, maxBytes: .max) else {
        fatalError("what came as JSON can't be written as JSON")
    }
    let answer = written(columns)
    // One tensor stands without its name, which only a model of one input can read.
    guard tensors.count == model.inputs.count || tensors.count != 1 else { return }
    let request = Array(#"{"inputs":"#.utf8) + answer[#"{"outputs":"#.utf8.count...]
    guard let again = decode(request, padding: 0, model: model, isPredict: true), isSame(tensors, again) else {
        fatalError("what was written is not what was read")
    }
}

private func written(_ encoder: TensorFlowPredictEncoder) -> [UInt8] {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: encoder.bound, alignment: 16)
    defer { memory.deallocate() }
    var span = OutputRawSpan(buffer: memory, initializedCount: 0)
    encoder.write(into: &span)
    return Array(memory[..<span.finalize(for: memory)])
}
