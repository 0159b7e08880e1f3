internal import ApusCore

extension Sequence<ModelName> {
    /// The name that a misspelt one most likely meant; `nil` when none is near enough to be worth saying.
    ///
    /// Letter case is ignored. Each candidate is given up as soon as it's known to be too far away, since anybody can ask
    /// for an unknown model.
    func nearest(to name: ModelName) -> ModelName? {
        let wanted = lowercased(name)
        // Longer ones are no slips of the pen.
        guard wanted.count <= 64 else { return nil }
        var nearest: (name: ModelName, distance: Int)?
        var row: [Int] = []
        for candidate in self {
            let farthest = nearest?.distance ?? Swift.max(1, wanted.count / 3)
            guard abs(candidate.description.utf8.count - wanted.count) <= farthest,
                let distance = editDistance(wanted, lowercased(candidate), atMost: farthest, row: &row)
            else { continue }
            // Of equally near ones the first by name, whatever the order in which they come.
            if let nearest, nearest.distance == distance, nearest.name < candidate { continue }
            nearest = (candidate, distance)
        }
        return nearest?.name
    }
}

/// The bytes of a name, which are ASCII, in lower case.
private func lowercased(_ name: ModelName) -> [UInt8] {
    name.description.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
}

/// The number of single-byte insertions, deletions and replacements between two words (Levenshtein).
///
/// - Returns: `nil` when it's more than `limit`.
private func editDistance(_ left: [UInt8], _ right: [UInt8], atMost limit: Int, row: inout [Int]) -> Int? {
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
