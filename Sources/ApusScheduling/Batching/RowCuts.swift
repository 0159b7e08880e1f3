internal import ApusCore

/// Where a tensor of a run is cut into the rows of each request: found in one pass, however many requests there are.
///
/// Strings have no common size, so the place of a row is known only to who has walked over all before it.
struct RowCuts {
    /// Where each part lies in the tensor's memory.
    let ranges: [Range<Int>]
    /// Elements that were walked over one by one.
    let steps: Int

    /// Finds the cuts; `nil` when the tensor has another number of rows, or its memory isn't what its type says.
    ///
    /// - Parameters:
    ///   - tensor: The whole; rows are its first dimension.
    ///   - counts: How many rows each part has, in their order; together as many as the tensor has.
    init?(of tensor: Tensor, counts: [Int]) {
        let rows = counts.reduce(0, +)
        guard tensor.shape.first == rows, counts.allSatisfy({ $0 >= 0 }) else { return nil }
        let bytes = tensor.storage.bytes
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(counts.count)
        var offset = 0
        var steps = 0
        for count in counts {
            let start = offset
            if tensor.dataType == .bytes {
                for _ in 0..<count * (tensor.shape.elementCount / max(1, rows)) {
                    guard let length = BytesElements.length(in: bytes, at: offset) else { return nil }
                    offset += 4 + length
                    steps += 1
                }
            } else {
                offset += count * (bytes.byteCount / max(1, rows))
            }
            ranges.append(start..<offset)
        }
        self.ranges = ranges
        self.steps = steps
    }
}

extension BatchTensors {
    /// All rows of a tensor in consecutive parts, which stay where they are.
    ///
    /// - Returns: `nil` when the parts don't make up the tensor.
    static func cut(_ tensor: Tensor, counts: [Int]) -> [Tensor]? {
        guard let cuts = RowCuts(of: tensor, counts: counts) else { return nil }
        var parts: [Tensor] = []
        parts.reserveCapacity(counts.count)
        for (count, range) in zip(counts, cuts.ranges) {
            guard let shape = tensor.shape.replacingFirst(by: count),
                let storage = tensor.storage.part(range)
            else { return nil }
            parts.append(Tensor(dataType: tensor.dataType, shape: shape, storage: storage))
        }
        return parts
    }
}
