/// Never leaves a model without a live version: an old one goes only when a wanted one is live, or when none is wanted.
///
/// Old and new are in memory together for a while. A wanted version that fails to load leaves the old one where it is.
package struct AvailabilityPreservingPolicy: TransitionPolicy {
    /// Makes the policy; it has no state.
    package init() {}

    package func nextAction(for versions: [VersionSnapshot]) -> TransitionAction? {
        if let old = versions.first(where: { !$0.isAspired && $0.isDrainable && mayGo($0, among: versions) }) {
            return .drain(old.version)
        }
        // The highest first: it's the one that requests without a version ask for.
        if let new = versions.last(where: { $0.isAspired && $0.life.isDiscovered }) { return .load(new.version) }
        return versions.last { $0.isAspired && $0.isStale && $0.life.isLive && !$0.isBeingReplaced }
            .map { .replace($0.version) }
    }

    /// Whether a version that isn't wanted has a successor for those who ask for the latest one.
    private func mayGo(_ old: VersionSnapshot, among versions: [VersionSnapshot]) -> Bool {
        guard let newest = versions.last(where: \.isAspired) else { return true }
        guard versions.contains(where: { $0.isAspired && $0.life.isLive }) else { return false }
        // As long as the newest isn't there, or when it can't be, the highest one that serves stays.
        return newest.life.isLive || versions.contains { $0.version > old.version && $0.life.isLive }
    }
}

extension VersionSnapshot {
    /// Whether it's in memory and can be taken out.
    fileprivate var isDrainable: Bool {
        if isBeingReplaced { return false }
        return switch life {
        case .live, .standby: true
        default: false
        }
    }
}
