package import ApusCore

/// A version as a transition policy sees it.
package struct VersionSnapshot: Sendable {
    /// Which one.
    package let version: ModelVersion
    /// Where in its life it is.
    package let life: VersionLife
    /// Whether it should be live.
    package let isAspired: Bool
    /// Whether it is live and is to be loaded anew.
    package let isStale: Bool
    /// Whether it is being loaded anew.
    package let isBeingReplaced: Bool

    /// Describes a version.
    package init(
        _ version: ModelVersion,
        _ life: VersionLife,
        isAspired: Bool,
        isStale: Bool = false,
        isBeingReplaced: Bool = false
    ) {
        self.version = version
        self.life = life
        self.isAspired = isAspired
        self.isStale = isStale
        self.isBeingReplaced = isBeingReplaced
    }
}

/// The next step towards what should be live.
package enum TransitionAction: Hashable, Sendable {
    /// Load a version that is discovered.
    case load(ModelVersion)
    /// Take a live version, or one on standby, out of service.
    case drain(ModelVersion)
    /// Load a live version anew beside itself, and let the new one take its place.
    case replace(ModelVersion)
}

/// Decides in which order versions come and go; pure, without state, and asked again after every step.
package protocol TransitionPolicy: Sendable {
    /// The next step for one model.
    ///
    /// - Parameter versions: All versions of the model, ascending.
    /// - Returns: `nil` when there's nothing to do until something changes.
    func nextAction(for versions: [VersionSnapshot]) -> TransitionAction?
}
