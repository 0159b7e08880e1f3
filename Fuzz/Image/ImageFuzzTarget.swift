import ApusCore
import ApusImages

private let libraries = ImageLibraries()

/// One input of the fuzzer: a file, after a byte that says what it is taken for and what it becomes.
///
/// Without the libraries that decode, only headers are read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzImage(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    guard let first = bytes.first else { return 0 }
    let file = Array(bytes.dropFirst())
    let color: ImageInput.Color = first & 2 == 0 ? .bgr : .grey
    let shape = first & 4 == 0 ? [1, color.channels, 5, 7] : [5, 7, color.channels]
    let input = ImageInput(
        input: TensorSpecification(name: "x", dataType: .uint16, shape: shape),
        shape: TensorShape(shape)!,
        size: (7, 5),
        layout: first & 4 == 0 ? .nchw : .nhwc,
        color: color,
        elements: [[UInt8]](repeating: [UInt8](repeating: 1, count: 512), count: color.channels)
    )
    let decoder = ImageDecoder(libraries: libraries, maxPixels: 1 << 16)
    let budget = ByteBudget(limit: 1 << 22)
    do throws(InferenceError) {
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
        let outline = try decoder.outline(file.span, as: first & 1 == 0 ? .png : .jpeg)
        _ = try decoder.decode(file.span, outline: outline, for: input, memory: &memory)
    } catch {
        precondition(error.code != .internalFailure)
    }
    precondition(budget.inUse == 0)
    return 0
}
