internal import ApusCore

/// Puts rows of several requests into one tensor for a run, and takes the rows of an answer apart again.
///
/// Rows are the first dimension. Joining copies each row once; taking apart copies nothing: each part borrows the
/// memory of the whole.
enum BatchTensors {
    /// Rows of several tensors as one, in their order; their types agree, and their shapes but for the first dimension.
    ///
    /// - Parameters:
    ///   - parts: The tensors and which of their rows.
    ///   - filling: How often the last row is repeated behind them.
    ///   - allocator: Where the memory comes from.
    /// - Returns: `nil` when they don't agree, or when there is no memory.
    static func join(
        _ parts: [(tensor: Tensor, rows: Range<Int>)],
        filling: Int = 0,
        allocator: any TensorAllocator
    ) -> Tensor? {
        guard let first = parts.first, let last = parts.last else { return nil }
        if filling == 0, parts.count == 1, first.rows == 0..<(first.tensor.shape.first ?? 0) {
            return first.tensor
        }
        var ranges: [Range<Int>] = []
        var byteCount = 0
        var rows = filling
        for part in parts {
            guard part.tensor.dataType == first.tensor.dataType,
                part.tensor.shape.agreesBehindFirst(with: first.tensor.shape),
                let range = bytes(of: part.rows, in: part.tensor)
            else { return nil }
            ranges.append(range)
            byteCount += range.count
            rows += part.rows.count
        }
        var row = 0..<0
        if filling > 0 {
            let end = last.rows.upperBound
            guard !last.rows.isEmpty, let range = bytes(of: end - 1..<end, in: last.tensor) else { return nil }
            row = range
            byteCount += filling * row.count
        }
        let type = first.tensor.dataType
        guard let shape = first.tensor.shape.replacingFirst(by: rows),
            let storage = allocator.allocate(byteCount: byteCount, alignment: type.alignment)
        else { return nil }
        unsafe storage.withUnsafeMutableBytes { memory in
            var offset = 0
            for (part, range) in zip(parts, ranges) {
                unsafe part.tensor.storage.withUnsafeBytes { bytes in
                    let target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + range.count])
                    unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
                }
                offset += range.count
            }
            for _ in 0..<filling {
                let target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + row.count])
                let source = unsafe UnsafeRawBufferPointer(rebasing: memory[offset - row.count..<offset])
                unsafe target.copyMemory(from: source)
                offset += row.count
            }
        }
        return Tensor(dataType: type, shape: shape, storage: storage)
    }

    /// Some rows of a tensor, which stay where they are.
    ///
    /// - Returns: `nil` when the tensor doesn't have these rows.
    static func slice(_ tensor: Tensor, rows: Range<Int>) -> Tensor? {
        guard let count = tensor.shape.first else { return nil }
        if rows == 0..<count { return tensor }
        guard let range = bytes(of: rows, in: tensor),
            let shape = tensor.shape.replacingFirst(by: rows.count)
        else { return nil }
        return tensor.storage.part(range).map { Tensor(dataType: tensor.dataType, shape: shape, storage: $0) }
    }

    /// Where rows lie in a tensor's memory; `nil` when it doesn't have them.
    private static func bytes(of rows: Range<Int>, in tensor: Tensor) -> Range<Int>? {
        guard let count = tensor.shape.first, rows.lowerBound >= 0, rows.upperBound <= count else {
            return nil
        }
        guard count > 0 else { return 0..<0 }
        guard tensor.dataType == .bytes else {
            let size = tensor.storage.byteCount / count
            return rows.lowerBound * size..<rows.upperBound * size
        }
        let perRow = tensor.shape.elementCount / count
        if rows == 0..<count { return 0..<tensor.storage.byteCount }
        let start = offset(ofElement: rows.lowerBound * perRow, in: tensor.storage.bytes)
        let end = offset(ofElement: rows.upperBound * perRow, in: tensor.storage.bytes)
        guard let start, let end else { return nil }
        return start..<end
    }

    /// Where the element with an index begins in BYTES memory.
    private static func offset(ofElement index: Int, in bytes: RawSpan) -> Int? {
        var offset = 0
        for _ in 0..<index {
            guard let length = BytesElements.length(in: bytes, at: offset) else { return nil }
            offset += 4 + length
        }
        return offset
    }
}

extension TensorStorage {
    /// Some of its bytes, which stay where they are and keep the whole alive.
    func part(_ range: Range<Int>) -> TensorStorage? {
        unsafe withUnsafeMutableBytes { memory -> TensorStorage? in
            guard !range.isEmpty, let base = memory.baseAddress else { return TensorStorage(byteCount: 0) }
            return unsafe TensorStorage(base: base + range.lowerBound, byteCount: range.count, owner: self)
        }
    }
}
