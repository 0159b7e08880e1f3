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
        var edits = EditDistance()
        for candidate in self {
            let farthest = nearest?.distance ?? Swift.max(1, wanted.count / 3)
            guard abs(candidate.description.utf8.count - wanted.count) <= farthest,
                let distance = edits.between(wanted, lowercased(candidate), atMost: farthest)
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
