/// Which models are served, and when the source is looked at.
package enum ModelControlMode: String, Sendable {
    /// All that are there at the start; the source is looked at again when somebody asks for it.
    case none
    /// All that are there, looked at from time to time.
    case poll
    /// All that are there, looked at when something changes; for folders.
    case watch
    /// Those that are asked for.
    case explicit

    /// Whether the source is looked at again without anybody asking for it.
    package var looksAgain: Bool { self == .poll || self == .watch }
}

/// Where versions are kept that come from elsewhere, and what is asked of them.
package struct StoreSettings: Sendable {
    /// How often the source is looked at, in nanoseconds.
    package var pollInterval: Int64 = 15_000_000_000
    /// How long a source may not answer before a look at it fails, in nanoseconds.
    package var sourceTimeout: Int64 = 60_000_000_000
    /// How long nothing may have changed in a version without manifest before it is loaded, in nanoseconds.
    package var settleTime: Int64 = 2_000_000_000
    /// The folder of the cache; empty for the one that the environment makes.
    package var cachePath = ""
    /// The most bytes of the cache.
    package var cacheBytes = 20 << 30
    /// Files and folders with public keys of publishers who are trusted.
    package var trustedKeys: [String] = []
    /// Whether nothing is served but what one of them has signed.
    package var requiresSignatures = false
    /// Whether a manifest that is older than one seen before is refused.
    package var refusesOlderManifests = false
    /// The file with keys of encrypted models; empty for none.
    package var keyFile = ""
    /// The command that prints such a key; empty for none.
    package var keyCommand: [String] = []

    /// The defaults.
    package init() {}

    /// Where the cache is, an absolute path.
    func cacheFolder(_ environment: [String: String]) -> String {
        guard cachePath.isEmpty else { return PublishingSession.absolute(cachePath) }
        if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") { return "\(base)/apus" }
        if let home = environment["HOME"], home.hasPrefix("/"), home != "/" { return "\(home)/.cache/apus" }
        return "/var/cache/apus"
    }
}
