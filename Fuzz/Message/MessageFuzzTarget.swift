import ApusCore
import ApusProtocol

/// A whole message, of which tensors are copies.
struct FuzzedMessage: BinaryBody {
    let bytes: [UInt8]

    var byteCount: Int { bytes.count }

    func makeStorage(
        for range: Range<Int>,
        alignment: Int,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage {
        let storage = try memory.allocate(byteCount: range.count, alignment: alignment)
        storage.withUnsafeMutableBytes { $0.copyBytes(from: bytes[range]) }
        return storage
    }
}

private let model = ModelDescription(
    id: ModelID(name: ModelName("fuzz")!, version: .first),
    platform: "",
    inputs: [TensorSpecification(name: "x", dataType: .fp32, shape: [-1])],
    outputs: []
)
nonisolated(unsafe) private let decoder = V2MessageDecoder(limits: InputLimits())

/// One input of the fuzzer: a ModelInferRequest, or a request of TensorFlow Serving's.
///
/// Besides not crashing, what was decoded must survive being written as an answer and read again as a request.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMessage(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // Memory of exactly that size, so that the address sanitizer sees a byte too many.
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    if let request = decode(bytes) { checkRoundTrip(request) }
    checkTensorFlowMessages(bytes)
    return 0
}

private func decode(_ bytes: [UInt8]) -> V2InferRequest? {
    var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: ByteBudget(limit: 1 << 28))
    let span = bytes.span.bytes
    guard let outline = try? decoder.outline(span) else { return nil }
    return try? decoder.decode(
        outline,
        bytes: span,
        body: FuzzedMessage(bytes: bytes),
        model: model,
        memory: &memory
    )
}

func bytes(_ tensor: Tensor) -> [UInt8] {
    tensor.storage.withUnsafeBytes { Array($0) }
}

/// Writes the tensors as an answer, whose fields 5 and 6 are a request's 5 and 7, and decodes that.
private func checkRoundTrip(_ request: V2InferRequest) {
    guard !request.inputs.isEmpty,
        let encoder = try? V2MessageEncoder(
            id: request.id,
            model: model.id,
            outputs: request.inputs,
            maxBytes: .max
        )
    else { return }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: encoder.byteCount, alignment: 16)
    defer { memory.deallocate() }
    var span = OutputRawSpan(buffer: memory, initializedCount: 0)
    encoder.write(into: &span)
    guard span.finalize(for: memory) == encoder.byteCount else { fatalError("measured wrongly") }
    let message = renumbered(Array(memory)) { $0 == 6 << 3 | 2 ? 7 << 3 | 2 : $0 }
    guard let again = decode(message) else { fatalError("what was written can't be read") }
    for (one, other) in zip(request.inputs, again.inputs) {
        guard one.name == other.name, one.tensor.shape == other.tensor.shape, bytes(one.tensor) == bytes(other.tensor)
        else { fatalError("what was written is not what was read") }
    }
}

/// Changes the tags of an answer's fields on its outermost level.
func renumbered(_ answer: [UInt8], _ change: (UInt8) -> UInt8) -> [UInt8] {
    var request = answer
    var offset = 0
    while offset < request.count {
        request[offset] = change(request[offset])
        offset += 1
        var length = 0
        var shift = 0
        while request[offset] >= 0x80 {
            length |= Int(request[offset] & 0x7F) << shift
            shift += 7
            offset += 1
        }
        length |= Int(request[offset]) << shift
        offset += 1 + length
    }
    return request
}
