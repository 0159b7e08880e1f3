/// Numbers of rows that runs are filled up to: `allowed_batch_sizes`, as TensorFlow Serving's users know it.
///
/// For engines that prepare themselves for each size that they meet: they meet only these.
package struct AllowedSizes: Hashable, Sendable {
    /// The largest size: as many rows as a part of a large request may have.
    package static let largest = 4096

    /// Ascending; empty where any size goes.
    package let sizes: [Int]

    /// Takes sizes, ascending and at least 1; any size goes without some.
    package init(_ sizes: [Int] = []) {
        self.sizes = sizes
    }

    /// Whether any size goes.
    var isEmpty: Bool { sizes.isEmpty }

    /// The size that a run of so many rows is filled up to; the rows themselves where all sizes are smaller.
    func filled(_ rows: Int) -> Int {
        sizes.first { $0 >= rows } ?? rows
    }

    /// Whether a run of so many rows needs neither filling up nor splitting.
    func hold(_ rows: Int) -> Bool {
        sizes.isEmpty || sizes.contains(rows)
    }

    /// The most rows of a run where about `rows` are worth it: the largest size of their power of two or a smaller one.
    func limit(near rows: Int) -> Int {
        guard let smallest = sizes.first, rows > 0 else { return rows }
        let next = rows > AllowedSizes.largest ? Int.max : 2 << (Int.bitWidth - 1 - rows.leadingZeroBitCount)
        return sizes.last { $0 < next } ?? smallest
    }

    /// The binary logarithms of the sizes, rounded down, ascending, each once.
    var classes: [Int] {
        var classes: [Int] = []
        for size in sizes {
            let index = Int.bitWidth - 1 - size.leadingZeroBitCount
            if classes.last != index { classes.append(index) }
        }
        return classes
    }
}
