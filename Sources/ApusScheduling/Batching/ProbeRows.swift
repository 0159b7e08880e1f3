internal import ApusCore

/// Makes rows that differ out of the first row of a real request, to find out whether rows of a batch leave each other
/// alone.
///
/// A real row is a sound start: random numbers would be no token ids, no categories, no image. What is made of it has
/// the same values in another order, and floating-point values are changed a little besides.
enum ProbeRows {
    /// How many rows a proof runs together.
    static let count = 4

    /// The rows, each the inputs of a request of one row.
    ///
    /// - Returns: Fewer than two when the inputs are such that no two rows can be told apart.
    static func make(from inputs: [Tensor?], allocator: any TensorAllocator) -> [[Tensor?]] {
        var rows: [[Tensor?]] = []
        for variant in 0..<count {
            var row: [Tensor?] = []
            for input in inputs {
                guard let input else {
                    row.append(nil)
                    continue
                }
                guard let first = BatchTensors.slice(input, rows: 0..<1),
                    let changed = change(first, variant: variant, allocator: allocator)
                else { return [] }
                row.append(changed)
            }
            if !rows.contains(where: { isEqual($0, row) }) { rows.append(row) }
        }
        return rows
    }

    /// A row with its elements turned by a part of their number, and floating-point ones scaled.
    private static func change(_ row: Tensor, variant: Int, allocator: any TensorAllocator) -> Tensor? {
        guard variant > 0 else { return row }
        guard let size = row.dataType.byteSize else { return lengthen(row, by: variant, allocator: allocator) }
        let count = row.shape.elementCount
        guard count > 0,
            let storage = allocator.allocate(byteCount: count * size, alignment: row.dataType.alignment)
        else { return nil }
        let shift = count * variant / ProbeRows.count * size
        unsafe row.storage.withUnsafeBytes { source in
            unsafe storage.withUnsafeMutableBytes { target in
                for index in target.indices {
                    unsafe target[index] = source[(index + shift) % source.count]
                }
                unsafe shake(target, as: row.dataType, by: Double(variant) / 8)
            }
        }
        return Tensor(dataType: row.dataType, shape: row.shape, storage: storage)
    }

    /// A row of strings, each with some letters more.
    private static func lengthen(_ row: Tensor, by letters: Int, allocator: any TensorAllocator) -> Tensor? {
        var bytes: [UInt8] = []
        unsafe row.storage.withUnsafeBytes { source in
            for range in BytesElements.ranges(in: row.storage.bytes) ?? [] {
                let length = UInt32(range.count + letters)
                for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
                bytes += unsafe [UInt8](UnsafeRawBufferPointer(rebasing: source[range]))
                bytes += [UInt8](repeating: UInt8(ascii: "a"), count: letters)
            }
        }
        guard let storage = allocator.allocate(byteCount: bytes.count, alignment: 1) else { return nil }
        unsafe storage.withUnsafeMutableBytes { unsafe $0.copyBytes(from: bytes) }
        return Tensor(dataType: .bytes, shape: row.shape, storage: storage)
    }

    /// Changes floating-point numbers a little, zeros too.
    private static func shake(_ memory: UnsafeMutableRawBufferPointer, as type: DataType, by share: Double) {
        switch type {
        case .fp32:
            for offset in stride(from: 0, to: memory.count, by: 4) {
                let value = unsafe memory.loadUnaligned(fromByteOffset: offset, as: Float.self)
                unsafe memory.storeBytes(
                    of: value * Float(1 + share) + Float(share / 8),
                    toByteOffset: offset,
                    as: Float.self
                )
            }
        case .fp64:
            for offset in stride(from: 0, to: memory.count, by: 8) {
                let value = unsafe memory.loadUnaligned(fromByteOffset: offset, as: Double.self)
                unsafe memory.storeBytes(of: value * (1 + share) + share / 8, toByteOffset: offset, as: Double.self)
            }
        default: break
        }
    }

    private static func isEqual(_ left: [Tensor?], _ right: [Tensor?]) -> Bool {
        zip(left, right).allSatisfy { left, right in
            guard let left, let right else { return left == nil && right == nil }
            return unsafe left.storage.withUnsafeBytes { first in
                unsafe right.storage.withUnsafeBytes { second in unsafe first.elementsEqual(second) }
            }
        }
    }
}
