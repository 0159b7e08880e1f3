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
    ///   - stringBytes: How long strings are together with their lengths of 4 bytes; the first one is as long as that needs.
    ///   - byteLimit: The most bytes that it may have.
    /// - Returns: `nil` when it would be larger, or there is no memory.
    package static func filled(
        _ dataType: DataType,
        _ shape: TensorShape,
        with filling: Filling,
        stringBytes: Int = 0,
        byteLimit: Int
    ) -> Tensor? {
        // An empty string is its length alone.
        guard let least = shape.byteCount(of: dataType == .bytes ? .uint32 : dataType),
            case let byteCount = dataType == .bytes && least > 0 ? max(least, stringBytes) : least,
            byteCount <= byteLimit, let storage = TensorStorage(byteCount: byteCount)
        else { return nil }
        unsafe storage.withUnsafeMutableBytes { memory in
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
            if byteCount > least {
                unsafe memory.storeBytes(of: UInt32(byteCount - least).littleEndian, toByteOffset: 0, as: UInt32.self)
            }
            if case .random = filling { unsafe fillAtRandom(memory, as: dataType) }
        }
        return Tensor(dataType: dataType, shape: shape, storage: storage)
    }

    private static func fillAtRandom(_ memory: UnsafeMutableRawBufferPointer, as type: DataType) {
        var generator = QuickGenerator(state: UInt64.random(in: 1 ... .max))
        guard let size = type.byteSize else { return }
        for offset in stride(from: 0, to: memory.count, by: size) {
            let number = Float.random(in: 0..<1, using: &generator)
            switch type {
            case .fp64: unsafe memory.storeBytes(of: Double(number), toByteOffset: offset, as: Double.self)
            case .fp32: unsafe memory.storeBytes(of: number, toByteOffset: offset, as: Float.self)
            case .fp16:
                // Rounded down, so that it stays below 1.
                let half = Float16((number * 1024).rounded(.down) / 1024)
                unsafe memory.storeBytes(of: half, toByteOffset: offset, as: Float16.self)
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

/// Numbers that look random and cost next to nothing: Marsaglia's xorshift64.
private struct QuickGenerator: RandomNumberGenerator {
    /// Never zero.
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
