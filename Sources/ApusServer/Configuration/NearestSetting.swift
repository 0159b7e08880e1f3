internal import ApusCore

/// Finds the key that somebody probably meant.
package enum NearestSetting {
    /// The candidate with the fewest edits, the first of several; `nil` when none is close.
    package static func find(_ word: String, among candidates: [String]) -> String? {
        let wanted = Array(word.utf8)
        var edits = EditDistance()
        var nearest: (word: String, distance: Int)?
        for candidate in candidates {
            let farthest = nearest.map { $0.distance - 1 } ?? max(2, wanted.count / 3)
            guard let distance = edits.between(wanted, Array(candidate.utf8), atMost: farthest) else { continue }
            nearest = (candidate, distance)
        }
        return nearest?.word
    }
}
