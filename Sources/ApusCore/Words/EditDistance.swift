/// How far apart two words are, for "did you mean".
///
/// Keeps its memory from one comparison to the next.
package struct EditDistance: Sendable {
    private var row: [Int] = []
    private var previous: [Int] = []
    private var beforePrevious: [Int] = []

    /// Starts without memory.
    package init() {}

    /// The number of single-byte insertions, deletions, replacements and swaps of neighbours between two words (optimal
    /// string alignment).
    ///
    /// - Parameters:
    ///   - left: One word.
    ///   - right: The other one.
    ///   - limit: The comparison is given up beyond it, since anybody can ask for an unknown name.
    /// - Returns: `nil` when it's more than `limit`.
    package mutating func between(_ left: [UInt8], _ right: [UInt8], atMost limit: Int = .max) -> Int? {
        row.removeAll(keepingCapacity: true)
        row.append(contentsOf: 0...right.count)
        previous = row
        var previousLeast = 0
        for (index, leftByte) in left.enumerated() {
            swap(&beforePrevious, &previous)
            swap(&previous, &row)
            row.removeAll(keepingCapacity: true)
            row.append(index + 1)
            for column in right.indices {
                var best = previous[column] + (leftByte == right[column] ? 0 : 1)
                best = Swift.min(best, previous[column + 1] + 1, row[column] + 1)
                if index > 0, column > 0, leftByte == right[column - 1], left[index - 1] == right[column] {
                    best = Swift.min(best, beforePrevious[column - 1] + 1)
                }
                row.append(best)
            }
            // A swap goes back two rows.
            let least = row.reduce(.max, Swift.min)
            if Swift.min(least, previousLeast) > limit { return nil }
            previousLeast = least
        }
        return row[right.count] <= limit ? row[right.count] : nil
    }
}
