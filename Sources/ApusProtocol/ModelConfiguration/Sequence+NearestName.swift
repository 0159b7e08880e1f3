extension Sequence<String> {
    /// The name that a misspelt word most likely meant, or nil when none is near enough to be worth saying.
    ///
    /// Letter case is ignored, so `maxBatchSize` finds `max_batch_size`.
    func nearestName(to word: String) -> String? {
        let wanted = Array(word.lowercased().utf8)
        // Longer words are no slips of the pen, and the search is quadratic in their length.
        guard wanted.count <= 64 else { return nil }
        let farthest = Swift.max(1, wanted.count / 3)
        var best: (name: String, distance: Int)?
        for name in self {
            let distance = editDistance(wanted, Array(name.lowercased().utf8))
            if distance <= farthest, distance < best?.distance ?? .max {
                best = (name, distance)
            }
        }
        return best?.name
    }
}

/// The number of single-byte insertions, deletions, replacements and swaps of neighbours between two words.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        current.reserveCapacity(previous.count)
        for column in right.indices {
            let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
            var best = min(replaced, previous[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                best = min(best, beforePrevious[column - 1] + 1)
            }
            current.append(best)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[right.count]
}
