extension Sequence<String> {
    /// The word that a misspelt one most likely meant; `nil` when none is near enough to be worth saying.
    ///
    /// Letter case is ignored, so `maxBatchSize` finds `max_batch_size`; of equally near ones the first counts.
    package func nearest(to word: String) -> String? {
        let wanted = Array(word.lowercased().utf8)
        // Longer words are no slips of the pen, and the search is quadratic in their length.
        guard wanted.count <= 64 else { return nil }
        var edits = EditDistance()
        var nearest: (word: String, distance: Int)?
        for candidate in self {
            let farthest = nearest.map { $0.distance - 1 } ?? Swift.max(wanted.count > 2 ? 1 : 0, wanted.count / 3)
            guard let distance = edits.between(wanted, Array(candidate.lowercased().utf8), atMost: farthest) else {
                continue
            }
            nearest = (candidate, distance)
        }
        return nearest?.word
    }
}
