internal import ApusCore
internal import ApusEngine

/// Makes inputs that any model takes.
enum SampleInput {
    /// A tensor with plain values: a ramp between 0 and 1 for FP32, zeros or empty strings for other types.
    static func make(_ specification: TensorSpecification, batch: Int) throws -> Tensor {
        let sizes = specification.shape.enumerated().map { index, size in size >= 0 ? size : index == 0 ? batch : 1 }
        // An empty string in a BYTES tensor is a length of four zero bytes.
        let elementSize = specification.dataType.byteSize ?? 4
        guard
            let shape = TensorShape(sizes),
            let storage = TensorStorage(copying: bytes(specification.dataType, shape.elementCount * elementSize))
        else { throw EngineError(.outOfMemory, "there is no memory for input '\(specification.name)'") }
        return Tensor(dataType: specification.dataType, shape: shape, storage: storage)
    }

    private static func bytes(_ type: DataType, _ count: Int) -> [UInt8] {
        guard type == .fp32 else { return [UInt8](repeating: 0, count: count) }
        return (0..<count / 4).flatMap { index in
            let bits = (Float(index % 256) / 255).bitPattern
            return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        }
    }
}
