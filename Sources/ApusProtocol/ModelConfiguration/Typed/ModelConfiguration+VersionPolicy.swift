extension ModelConfiguration {
    /// Which versions of a model are to be live.
    package enum VersionPolicy: Sendable, Equatable {
        /// That many of the highest versions.
        case latest(Int)
        /// Every version.
        case all
        /// Exactly these versions.
        case specific([Int64])

        /// Reads the policy; an absent one and `latest` without a number mean the highest version.
        init(message: ModelConfigurationMessage?) {
            if message?.isSet("all") == true {
                self = .all
            } else if let specific = message?.message("specific") {
                self = .specific(specific.signedNumbers("versions"))
            } else {
                self = .latest(Int(clamping: max(1, message?.message("latest")?.unsigned("num_versions") ?? 1)))
            }
        }
    }
}
