import ApusCore
import ApusProtocol

/// Bytes behind the JSON, copied into tensor memory.
private struct FuzzedBody: BinaryBody {
    let bytes: ArraySlice<UInt8>

    var byteCount: Int { bytes.count }

    func makeStorage(
        for range: Range<Int>,
        alignment: Int,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage {
        let storage = try memory.allocate(byteCount: range.count, alignment: alignment)
        storage.withUnsafeMutableBytes { memory in
            memory.copyBytes(from: bytes[bytes.startIndex + range.lowerBound..<bytes.startIndex + range.upperBound])
        }
        return storage
    }
}

private let model = ModelDescription(
    id: ModelID(name: ModelName("fuzz")!, version: .first),
    platform: "",
    inputs: [TensorSpecification(name: "x", dataType: .bytes, shape: [-1])],
    outputs: []
)
nonisolated(unsafe) private let decoder = V2RequestDecoder(limits: InputLimits())!

/// One input of the fuzzer: two bytes that say where the JSON ends, the JSON, the binary tensors; then the same bytes as
/// a raw binary request.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBinary(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: data, count: count))
    guard count >= 2 else { return 0 }
    let length = min(Int(input[0]) << 8 | Int(input[1]), count - 2)
    let padded = input[2..<2 + length] + [UInt8](repeating: 0, count: JSONReader.padding)
    let tail = FuzzedBody(bytes: input[(2 + length)...])
    padded.withUnsafeBytes { json in
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: nil)
        _ = try? decoder.decode(
            json: UnsafeRawBufferPointer(rebasing: json[..<length]),
            binary: tail,
            model: model,
            memory: &memory
        )
    }
    var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: nil)
    _ = try? RawRequest(model: model, limits: InputLimits())
        .decode(FuzzedBody(bytes: input[2...]), memory: &memory)
    return 0
}
