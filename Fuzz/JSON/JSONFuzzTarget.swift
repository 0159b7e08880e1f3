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
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count + JSONReader.padding, alignment: 16)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    if let data { memory.copyMemory(from: UnsafeRawBufferPointer(start: data, count: count)) }
    _ = try? decoder.decode(
        json: UnsafeRawBufferPointer(rebasing: memory[..<count]),
        binary: NoBinaryBody(),
        model: model,
        allocator: HeapTensorAllocator()
    )
    return 0
}
