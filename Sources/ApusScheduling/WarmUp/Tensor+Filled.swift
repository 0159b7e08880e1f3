package import ApusCore

extension Tensor {
    /// What a made-up tensor holds.
    package enum Filling: Sendable {
        /// Zeros, false, empty strings.
        case zeros
        /// Floating-point numbers in 0 ..< 1, integers and truth values of 0 or 1; strings stay empty.
        case random
    }

    /// Makes up a tensor.
    ///
    /// - Parameters:
    ///   - dataType: The type of its elements.
    ///   - shape: Its sizes.
    ///   - filling: What it holds.
    ///   - byteLimit: The most bytes that it may have.
    /// - Returns: `nil` when it would be larger, or there is no memory.
    package static func filled(
        _ dataType: DataType,
        _ shape: TensorShape,
        with filling: Filling,
        byteLimit: Int
    ) -> Tensor? {
        // An empty string is its length alone.
        guard let byteCount = shape.byteCount(of: dataType == .bytes ? .uint32 : dataType), byteCount <= byteLimit,
            let storage = TensorStorage(byteCount: byteCount)
        else { return nil }
        unsafe storage.withUnsafeMutableBytes { memory in
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
            if case .random = filling { unsafe fillAtRandom(memory, as: dataType) }
        }
        return Tensor(dataType: dataType, shape: shape, storage: storage)
    }

    private static func fillAtRandom(_ memory: UnsafeMutableRawBufferPointer, as type: DataType) {
        var generator = SystemRandomNumberGenerator()
        guard let size = type.byteSize else { return }
        for offset in stride(from: 0, to: memory.count, by: size) {
            let number = Float.random(in: 0..<1, using: &generator)
            switch type {
            case .fp64: unsafe memory.storeBytes(of: Double(number), toByteOffset: offset, as: Double.self)
            case .fp32: unsafe memory.storeBytes(of: number, toByteOffset: offset, as: Float.self)
            case .fp16: unsafe memory.storeBytes(of: Float16(number), toByteOffset: offset, as: Float16.self)
            case .bf16:
                let upper = UInt16(truncatingIfNeeded: number.bitPattern >> 16)
                unsafe memory.storeBytes(of: upper, toByteOffset: offset, as: UInt16.self)
            default:
                // The lowest byte comes first.
                unsafe memory[offset] = number < 0.5 ? 0 : 1
            }
        }
    }
}
