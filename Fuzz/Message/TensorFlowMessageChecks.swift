import ApusCore
import ApusProtocol

private let inputs = [
    TensorSpecification(name: "x", dataType: .fp32, shape: [-1, -1]),
    TensorSpecification(name: "s", dataType: .bytes, shape: [-1, 1], isOptional: true),
    TensorSpecification(name: "n", dataType: .int8, shape: [-1, 2], isOptional: true),
]
private let model = ModelDescription(
    id: ModelID(name: ModelName("fuzz")!, version: .first),
    platform: "",
    inputs: inputs,
    outputs: []
)

/// Reads a message as each of TensorFlow Serving's requests.
///
/// Tensors have the memory that their shapes say, and survive being written as an answer and read again.
func checkTensorFlowMessages(_ bytes: [UInt8]) {
    let span = bytes.span.bytes
    var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: ByteBudget(limit: 1 << 28))
    if let tensors = predict(bytes) {
        checkMemory(tensors)
        checkRoundTrip(tensors)
    }
    if let message = try? TensorFlowExamplesMessage(span),
        let tensors = try? message.examples.tensors(
            for: model,
            bytes: span,
            limits: InputLimits(),
            memory: &memory
        )
    {
        checkMemory(tensors)
    }
    _ = try? TensorFlowTasksMessage(span)
    _ = try? TensorFlowMetadataMessage(span)
    _ = try? TensorFlowReloadMessage(span)
    if let message = try? TensorFlowStatusMessage(span) { _ = try? message.model.selector() }
}

private func predict(_ bytes: [UInt8]) -> [NamedTensor]? {
    var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: ByteBudget(limit: 1 << 28))
    var limits = InputLimits()
    limits.maxBodyBytes = 1 << 20
    let span = bytes.span.bytes
    guard let message = try? TensorFlowPredictMessage(span, limits: limits) else { return nil }
    return try? message.tensors(
        for: model,
        bytes: span,
        body: FuzzedMessage(bytes: bytes),
        limits: limits,
        memory: &memory
    )
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

/// Writes the tensors as an answer, whose fields 1 and 2 are a request's 2 and 1, and decodes that.
private func checkRoundTrip(_ tensors: [NamedTensor]) {
    guard let encoder = try? TensorFlowPredictAnswer(model: model.id, outputs: tensors, maxBytes: .max) else { return }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: encoder.byteCount, alignment: 16)
    defer { memory.deallocate() }
    var span = OutputRawSpan(buffer: memory, initializedCount: 0)
    encoder.write(into: &span)
    guard span.finalize(for: memory) == encoder.byteCount else { fatalError("measured wrongly") }
    let request = renumbered(Array(memory)) { $0 == 1 << 3 | 2 ? 2 << 3 | 2 : 1 << 3 | 2 }
    guard let again = predict(request) else { fatalError("what was written can't be read") }
    for (one, other) in zip(tensors, again) {
        guard one.name == other.name, one.tensor.shape == other.tensor.shape, bytes(one.tensor) == bytes(other.tensor)
        else { fatalError("what was written is not what was read") }
    }
}
