/// How much each of the old pixels in a row counts for each of the new ones: bilinear, in the convention of Pillow and so
/// of torchvision.
///
/// A pixel's value stands at its middle (`align_corners=False`). Where a row gets shorter the weights widen by the same
/// factor, so that every old pixel counts (`antialias=True`); where it gets longer they are the plain bilinear ones. Weights
/// are whole numbers of 2^-22, and the sum is rounded to 8 bits, which makes results equal to Pillow's bit by bit.
struct ResizeWeights {
    /// Bits behind the point.
    static let precision: Int32 = 22

    /// The first old pixel that counts for each new one; ascending.
    private(set) var starts: [Int] = []
    /// How many count from there on.
    private(set) var counts: [Int] = []
    /// For each new pixel as many weights as the most that one has; those behind its count are 0.
    private(set) var weights: [Int32] = []
    /// How many old pixels count for a new one at most.
    let most: Int

    /// Computes the weights; both lengths are above 0.
    init(from old: Int, to new: Int) {
        let scale = Double(old) / Double(new)
        let support = max(scale, 1)
        // Multiplied, not divided, as Pillow does: the last bit counts.
        let narrowing = 1 / support
        most = min(Int(support.rounded(.up)) * 2 + 1, old)
        weights.reserveCapacity(new * most)
        for index in 0..<new {
            let center = (Double(index) + 0.5) * scale
            let start = max(0, Int(center - support + 0.5))
            let end = min(old, Int(center + support + 0.5))
            let raw = (start..<end).map { max(0, 1 - abs((Double($0) - center + 0.5) * narrowing)) }
            let sum = raw.reduce(0, +)
            starts.append(start)
            counts.append(end - start)
            for weight in raw {
                weights.append(Int32(0.5 + weight / sum * Double(1 << ResizeWeights.precision)))
            }
            for _ in raw.count..<most { weights.append(0) }
        }
    }

    /// Bytes that the weights for a length take.
    static func byteCount(from old: Int, to new: Int) -> Int {
        let support = (old + new - 1) / new
        return new * (min(support * 2 + 1, old) * 4 + 16)
    }
}
