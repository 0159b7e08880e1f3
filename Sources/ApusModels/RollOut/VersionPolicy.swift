package import ApusCore

/// Which of a model's versions should be live; a configuration's `version_policy`.
package enum VersionPolicy: Hashable, Sendable {
    /// The highest ones, that many; `latest(1)` where nothing is configured.
    case latest(Int)
    /// Every one.
    case all
    /// Exactly these.
    case specific([ModelVersion])

    /// Picks versions out of those that are there.
    ///
    /// - Parameter versions: What is there, ascending.
    /// - Returns: What should be live, ascending; may name versions that aren't there when the policy does.
    package func wanted(of versions: [ModelVersion]) -> [ModelVersion] {
        switch self {
        case .latest(let count): Array(versions.suffix(max(0, count)))
        case .all: versions
        case .specific(let wanted): Set(wanted).sorted()
        }
    }
}
