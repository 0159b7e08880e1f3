package import ApusCore

/// Where in its life a version is.
///
/// `discovered → fetching → verifying → loading → warming → validating → live → standby | draining → unloaded`, or
/// `failed` from any of the first seven. A stage with nothing to do is passed over: a local repository fetches nothing,
/// a model without golden requests has nothing to validate. `loading` is never passed over.
package enum VersionLife: Sendable {
    /// It's there and should be live.
    case discovered
    /// Its files are being brought here.
    case fetching
    /// Its files are being checked against their digests.
    case verifying
    /// An engine is opening it.
    case loading
    /// Requests are run to warm it up.
    case warming
    /// Its golden requests are being asked.
    case validating
    /// It answers requests.
    case live
    /// It's warm and without traffic: the way back during a watch window.
    case standby
    /// It takes no more leases and waits for the last one to end.
    case draining
    /// It's gone.
    case unloaded
    /// It can't be served.
    case failed(ModelError)

    /// Whether a version here may be there next.
    package func allows(_ next: VersionLife) -> Bool {
        switch (self, next) {
        case (.discovered, .unloaded): true
        case (.live, .standby), (.live, .draining), (.standby, .live), (.standby, .draining): true
        case (.draining, .unloaded): true
        case (_, .failed): (stage ?? .max) <= VersionLife.live.stage!
        default: allowsStage(next)
        }
    }

    /// Whether it's on its way to live.
    package var isOnItsWay: Bool {
        guard let stage else { return false }
        return stage < VersionLife.live.stage!
    }

    /// Whether it answers requests.
    package var isLive: Bool {
        if case .live = self { true } else { false }
    }

    /// Whether it's on its way out, for as long as somebody uses it.
    package var isDraining: Bool {
        if case .draining = self { true } else { false }
    }

    /// Whether it has been found and nothing has been done about it yet.
    package var isDiscovered: Bool {
        if case .discovered = self { true } else { false }
    }

    /// Whether it's gone.
    var isUnloaded: Bool {
        if case .unloaded = self { true } else { false }
    }

    /// Whether nothing will become of it any more.
    package var isOver: Bool {
        switch self {
        case .unloaded, .failed: true
        default: false
        }
    }

    /// Why it failed; `nil` when it didn't.
    package var failure: ModelError? {
        if case .failed(let error) = self { error } else { nil }
    }

    /// The state that the repository index shows.
    package var outwardState: RepositoryIndexEntry.State {
        switch self {
        case .discovered, .fetching, .verifying, .loading, .warming, .validating: .loading
        case .live: .ready
        case .draining: .unloading
        case .standby, .unloaded, .failed: .unavailable
        }
    }

    /// The reason that the repository index shows; empty when the state says it all.
    package var outwardReason: String {
        switch self {
        case .failed(let error): error.message
        case .unloaded: RepositoryIndexEntry.unloaded
        case .standby: "on standby: warm, without traffic"
        default: ""
        }
    }

    /// The place among the first seven states; `nil` beyond them.
    private var stage: Int? {
        switch self {
        case .discovered: 0
        case .fetching: 1
        case .verifying: 2
        case .loading: 3
        case .warming: 4
        case .validating: 5
        case .live: 6
        case .standby, .draining, .unloaded, .failed: nil
        }
    }

    /// Forwards only, and not past `loading`.
    private func allowsStage(_ next: VersionLife) -> Bool {
        guard let from = stage, let to = next.stage, from < to else { return false }
        let loading = VersionLife.loading.stage!
        return from >= loading || to <= loading
    }
}
