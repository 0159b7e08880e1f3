/// Brings a picture to another size, row by row: first along each row, then down the columns.
///
/// Only the rows that the next one depends on are kept, so that a picture of a single column takes no memory for rows of
/// the model's width.
struct ImageResizer {
    private let columns: ResizeWeights
    private let rows: ResizeWeights
    private let old: (width: Int, height: Int)
    private let new: (width: Int, height: Int)
    /// 1 or 3.
    private let channels: Int

    /// Prepares to resize pictures of one size.
    init(from old: (width: Int, height: Int), to new: (width: Int, height: Int), channels: Int) {
        self.old = old
        self.new = new
        self.channels = channels
        self.columns = ResizeWeights(from: old.width, to: new.width)
        self.rows = ResizeWeights(from: old.height, to: new.height)
    }

    /// Bytes that resizing takes beside the picture.
    static func byteCount(from old: (width: Int, height: Int), to new: (width: Int, height: Int), channels: Int) -> Int
    {
        let support = (old.height + new.height - 1) / new.height
        let kept = min(support * 2 + 1, old.height)
        return (kept + 5) * new.width * channels + ResizeWeights.byteCount(from: old.width, to: new.width)
            + ResizeWeights.byteCount(from: old.height, to: new.height)
    }

    /// Computes the new rows in their order.
    ///
    /// - Parameters:
    ///   - pixels: The picture, rows without padding.
    ///   - take: Gets the number of each row and its values.
    func run(_ pixels: UnsafePointer<UInt8>, _ take: (_ row: Int, _ values: UnsafePointer<UInt8>) -> Void) {
        let oldCount = old.width * channels
        guard old != new else {
            for row in 0..<old.height { unsafe take(row, pixels + row * oldCount) }
            return
        }
        let count = new.width * channels
        var kept = [UInt8](repeating: 0, count: rows.most * count)
        var sums = [Int32](repeating: 0, count: count)
        var row = [UInt8](repeating: 0, count: count)
        unsafe kept.withUnsafeMutableBufferPointer { kept in
            unsafe sums.withUnsafeMutableBufferPointer { sums in
                unsafe row.withUnsafeMutableBufferPointer { row in
                    guard let kept = kept.baseAddress, let sums = sums.baseAddress, let row = row.baseAddress else {
                        return
                    }
                    var next = 0
                    for index in 0..<new.height {
                        let start = rows.starts[index]
                        next = max(next, start)
                        while next < start + rows.counts[index] {
                            unsafe shorten(pixels + next * oldCount, to: kept + (next % rows.most) * count)
                            next += 1
                        }
                        unsafe join(index, kept, sums: sums, to: row, count: count)
                        unsafe take(index, row)
                    }
                }
            }
        }
    }

    /// Computes one row of the new width.
    private func shorten(_ pixels: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>) {
        unsafe columns.weights.withUnsafeBufferPointer { weights in
            guard let weights = weights.baseAddress else { return }
            for index in 0..<new.width {
                let weight = unsafe weights + index * columns.most
                let count = columns.counts[index]
                if channels == 3 {
                    var source = unsafe pixels + columns.starts[index] * 3
                    var (first, second, third) = (ImageResizer.half, ImageResizer.half, ImageResizer.half)
                    for tap in 0..<count {
                        unsafe first &+= Int32(source[0]) &* weight[tap]
                        unsafe second &+= Int32(source[1]) &* weight[tap]
                        unsafe third &+= Int32(source[2]) &* weight[tap]
                        unsafe source += 3
                    }
                    unsafe target[index * 3] = ImageResizer.value(first)
                    unsafe target[index * 3 + 1] = ImageResizer.value(second)
                    unsafe target[index * 3 + 2] = ImageResizer.value(third)
                } else {
                    let source = unsafe pixels + columns.starts[index]
                    var sum = ImageResizer.half
                    for tap in 0..<count { unsafe sum &+= Int32(source[tap]) &* weight[tap] }
                    unsafe target[index] = ImageResizer.value(sum)
                }
            }
        }
    }

    /// Joins the rows that count for a new one.
    private func join(
        _ index: Int,
        _ kept: UnsafePointer<UInt8>,
        sums: UnsafeMutablePointer<Int32>,
        to target: UnsafeMutablePointer<UInt8>,
        count: Int
    ) {
        unsafe sums.update(repeating: ImageResizer.half, count: count)
        for tap in 0..<rows.counts[index] {
            let source = unsafe kept + ((rows.starts[index] + tap) % rows.most) * count
            let weight = rows.weights[index * rows.most + tap]
            for element in 0..<count { unsafe sums[element] &+= Int32(source[element]) &* weight }
        }
        for element in 0..<count { unsafe target[element] = ImageResizer.value(sums[element]) }
    }

    /// One half, so that cutting the bits behind the point off rounds.
    private static let half: Int32 = 1 << (ResizeWeights.precision - 1)

    private static func value(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(255, max(0, sum >> ResizeWeights.precision)))
    }
}
