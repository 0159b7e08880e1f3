/// How far apart two words are, for "did you mean".
///
/// Keeps its memory from one comparison to the next.
package struct EditDistance: Sendable {
    private var row: [Int] = []

    /// Starts without memory.
    package init() {}

    /// The number of single-byte insertions, deletions and replacements between two words (Levenshtein).
    ///
    /// - Parameters:
    ///   - left: One word.
    ///   - right: The other one.
    ///   - limit: The comparison is given up beyond it, since anybody can ask for an unknown name.
    /// - Returns: `nil` when it's more than `limit`.
    package mutating func between(_ left: [UInt8], _ right: [UInt8], atMost limit: Int = .max) -> Int? {
        row.removeAll(keepingCapacity: true)
        row.append(contentsOf: 0...right.count)
        for (index, leftByte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            var least = row[0]
            for column in 1..<row.count {
                let replaced = diagonal + (leftByte == right[column - 1] ? 0 : 1)
                diagonal = row[column]
                row[column] = Swift.min(replaced, diagonal + 1, row[column - 1] + 1)
                least = Swift.min(least, row[column])
            }
            if least > limit { return nil }
        }
        return row[right.count] <= limit ? row[right.count] : nil
    }
}
