internal import ApusCore

/// Labels move when the version that they are to point to is live, never before; until then they stay where they serve.
extension ModelManager {
    /// Versions that labels point to now and that they leave only when those that are wanted are live.
    func versionsHeld(by labels: [VersionLabel: ModelVersion], of name: ModelName) -> Set<ModelVersion> {
        let versions = live.versions(of: name)
        let held = live.labels(of: name).filter { label, version in
            guard let wanted = labels[label] else { return false }
            return wanted != version && !versions.contains(wanted) && versions.contains(version)
        }
        return Set(held.values)
    }

    /// Moves a model's labels as far as they may go.
    ///
    /// - Parameters:
    ///   - name: The model.
    ///   - labels: Where they should point.
    /// - Returns: Whether one has left a version that served it.
    func moveLabels(of name: ModelName, to labels: [VersionLabel: ModelVersion]) -> Bool {
        let versions = live.versions(of: name)
        let before = live.labels(of: name)
        let after = labels.map { label, wanted in
            guard let version = before[label], versions.contains(version), !versions.contains(wanted) else {
                return (label, wanted)
            }
            return (label, version)
        }
        live.setLabels(Dictionary(after, uniquingKeysWith: { first, _ in first }), of: name)
        return after.contains { label, version in before[label].map { $0 != version } == true }
    }
}

extension ModelManager.Contents {
    /// Has a model planned again out of what is known of it: what its labels held is needed no longer.
    mutating func planAgain(_ name: ModelName) {
        guard let folder = planned[name]?.folder, machine.models[name]?.isListed == true else { return }
        folders[name] = folder
        machine.modelChanged(name)
    }
}
