internal import ApusCore

/// One model as the manager sees it: what is wanted of it, and where its versions are in their lives.
struct ManagedModel: Sendable {
    /// How far what is wanted is known.
    enum Intent: Sendable {
        /// It's listed; its configuration hasn't been read yet.
        case unplanned
        /// Its configuration is being read.
        case planning
        /// It's known which versions are wanted.
        case planned
        /// Its configuration is wrong; what was wanted before still is.
        case refused(ModelError)
    }

    /// One version.
    struct Version: Sendable {
        /// Which one.
        let version: ModelVersion
        /// Where in its life it is.
        fileprivate(set) var life: VersionLife
    }

    /// How far what is wanted is known.
    var intent: Intent = .unplanned
    /// The versions that should be live, ascending.
    private(set) var aspired: [ModelVersion] = []
    /// All that were ever wanted and haven't been forgotten, ascending.
    private(set) var versions: [Version] = []

    // MARK: - What is known

    /// The versions as a policy sees them.
    var snapshots: [VersionSnapshot] {
        versions.map { VersionSnapshot($0.version, $0.life, isAspired: aspired.contains($0.version)) }
    }

    /// Where a version is in its life; `nil` when it was never wanted.
    func life(of version: ModelVersion) -> VersionLife? {
        versions.first { $0.version == version }?.life
    }

    /// Whether its configuration or one of its versions is on the way.
    var isBusy: Bool {
        switch intent {
        case .unplanned, .planning: true
        case .planned, .refused: versions.contains(where: \.life.isOnItsWay)
        }
    }

    /// Whether it has come to live or failed.
    var isSettled: Bool { !isBusy || versions.contains(where: \.life.isLive) }

    /// Whether one of its versions is in memory, or on its way there.
    var isOccupied: Bool { versions.contains { !$0.life.isOver } }

    /// Whether it, or one of its versions, can't be served.
    var hasFailed: Bool { refusal != nil || versions.contains { $0.life.failure != nil } }

    /// Why its configuration was refused; `nil` when it wasn't.
    var refusal: ModelError? {
        if case .refused(let error) = intent { error } else { nil }
    }

    // MARK: - Events

    /// It's in the repository; what was wanted is wanted until its configuration has been read.
    mutating func isListed() {
        intent = .unplanned
    }

    /// It's no longer in the repository.
    mutating func isListedNoMore() {
        intent = .planned
        aspired = []
        dropUndone()
    }

    /// Its configuration is wrong; what is live stays.
    mutating func isRefused(_ error: ModelError) {
        intent = .refused(error)
    }

    /// Its configuration has been read; returns versions that failed by it.
    mutating func isPlanned(_ plan: AspiredVersions) -> [(version: ModelVersion, error: ModelError)] {
        intent = .planned
        aspired = plan.versions
        dropUndone()
        // What they need may be there by now.
        versions.removeAll { $0.life.failure?.code == .dependencyFailed }
        var failed: [(version: ModelVersion, error: ModelError)] = []
        for version in plan.versions where life(of: version) == nil {
            let life = plan.faults[version].map(VersionLife.failed) ?? .discovered
            if let error = life.failure { failed.append((version, error)) }
            let index = versions.firstIndex { $0.version > version } ?? versions.endIndex
            versions.insert(Version(version: version, life: life), at: index)
        }
        return failed
    }

    /// A version goes on in its life; one that is wanted again by the time it's gone begins a new one.
    mutating func move(_ version: ModelVersion, to life: VersionLife) {
        guard let index = versions.firstIndex(where: { $0.version == version }) else { return }
        precondition(
            versions[index].life.allows(life),
            "version \(version) can't go from \(versions[index].life) to \(life). This is a bug."
        )
        if case .unloaded = life, aspired.contains(version) {
            versions[index].life = .discovered
        } else {
            versions[index].life = life
        }
    }

    /// Forgets versions that are unloaded, and those that aren't wanted and are failed or not begun.
    private mutating func dropUndone() {
        versions.removeAll { candidate in
            switch candidate.life {
            case .unloaded: true
            case .discovered, .failed: !aspired.contains(candidate.version)
            default: false
            }
        }
    }
}
