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
        /// Whether it is live and is to be loaded anew.
        fileprivate(set) var isStale = false
        /// Whether it is being loaded anew, and serves on meanwhile.
        fileprivate(set) var isBeingReplaced = false
        /// Why it couldn't be loaded anew the last time; what was loaded before serves on.
        fileprivate(set) var reloadFailure: ModelError?

        fileprivate init(_ version: ModelVersion, _ life: VersionLife) {
            self.version = version
            self.life = life
        }
    }

    /// How far what is wanted is known.
    var intent: Intent = .unplanned
    /// The number of the list or the request that it was last named in.
    private(set) var listing = 0
    /// Whether it was asked for by name, and not for the sake of another.
    private(set) var isExplicit = false
    /// Whether its versions are to be loaded anew as soon as its configuration has been read.
    private var wantsReload = false
    /// The versions that should be live, ascending.
    private(set) var aspired: [ModelVersion] = []
    /// Versions that are wanted, the highest first, when none of the others can be served; ascending.
    private var fallbacks: [ModelVersion] = []
    /// The versions that the policy wants, without those that labels add.
    private var chosen: [ModelVersion] = []
    /// Versions that have to be prepared before they are loaded.
    private var unprepared: Set<ModelVersion> = []
    /// All that were ever wanted and haven't been forgotten, ascending.
    private(set) var versions: [Version] = []

    // MARK: - What is known

    /// The versions as a policy sees them.
    var snapshots: [VersionSnapshot] {
        versions.map {
            VersionSnapshot(
                $0.version,
                $0.life,
                isAspired: aspired.contains($0.version),
                isStale: $0.isStale,
                isBeingReplaced: $0.isBeingReplaced
            )
        }
    }

    /// Where a version is in its life; `nil` when it was never wanted.
    func life(of version: ModelVersion) -> VersionLife? {
        versions.first { $0.version == version }?.life
    }

    /// Whether its configuration or one of its versions is on the way, a version that is wanted again has yet to end, or
    /// one that was dismissed has yet to be taken out of service.
    var isBusy: Bool {
        isComing
            || versions.contains { found in
                found.life.isDraining && aspired.contains(found.version) || found.life.isLive && !isListed
            }
    }

    /// Whether its configuration or one of its versions is on the way.
    private var isComing: Bool {
        switch intent {
        case .unplanned, .planning: true
        case .planned, .refused: versions.contains { $0.life.isOnItsWay || isBeingRenewed($0) }
        }
    }

    /// Whether something is wanted of it, and all of that answers requests.
    var isServed: Bool { !aspired.isEmpty && aspired.allSatisfy { life(of: $0)?.isLive == true } }

    /// Whether it's in the repository, or was brought by a request, and hasn't been dismissed since.
    var isListed: Bool { listing > 0 }

    /// Whether anything of it is wanted, or will be when its configuration has been read.
    var isWanted: Bool {
        switch intent {
        case .unplanned, .planning: true
        case .planned, .refused: !aspired.isEmpty
        }
    }

    /// Whether a version has to be prepared before it is loaded.
    func mustPrepare(_ version: ModelVersion) -> Bool { unprepared.contains(version) }

    /// Whether something of it failed that may go well the next time, though nothing has changed.
    var mayGoWellLater: Bool { faults.contains { $0.error.mayGoWellLater } }

    /// Why it, or one of the versions wanted of it, doesn't serve as it is now in the repository; empty when all do.
    var faults: [(version: ModelVersion?, error: ModelError)] {
        if let refusal { return [(nil, refusal)] }
        return aspired.compactMap { version in
            guard let found = versions.first(where: { $0.version == version }) else { return nil }
            return (found.life.failure ?? found.reloadFailure).map { (version, $0) }
        }
    }

    private func isBeingRenewed(_ version: Version) -> Bool {
        version.isBeingReplaced || version.isStale && version.life.isLive && aspired.contains(version.version)
    }

    /// Whether it has come to live or failed; one that was dismissed and is wanted again holds nobody up while it drains.
    var isSettled: Bool { !isComing || versions.contains(where: \.life.isLive) }

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
    mutating func isListed(_ listing: Int, explicitly: Bool) {
        intent = .unplanned
        self.listing = listing
        if explicitly { isExplicit = true }
    }

    /// Somebody wants it loaded, anew if it is.
    mutating func isRequested(_ listing: Int, explicitly: Bool) {
        isListed(listing, explicitly: explicitly)
        wantsReload = true
    }

    /// It was asked for by name, whatever it was loaded for.
    mutating func isChosen() {
        isExplicit = true
    }

    /// It's no longer in the repository.
    mutating func isListedNoMore() {
        intent = .planned
        listing = 0
        aspired = []
        chosen = []
        fallbacks = []
        isExplicit = false
        wantsReload = false
        dropUndone()
    }

    /// Its configuration is wrong; what is live stays.
    mutating func isRefused(_ error: ModelError) {
        intent = .refused(error)
    }

    /// Its configuration has been read; returns versions that failed by it.
    ///
    /// - Parameters:
    ///   - plan: What is wanted.
    ///   - changed: Versions whose files, or whose configuration, are others than when they were planned before.
    /// - Returns: The versions that failed.
    mutating func isPlanned(
        _ plan: AspiredVersions,
        changed: Set<ModelVersion> = []
    ) -> [(version: ModelVersion, error: ModelError)] {
        intent = .planned
        aspired = plan.versions
        fallbacks = plan.fallbacks
        chosen = plan.chosen
        unprepared = plan.unprepared
        let retried = versions.filter { $0.reloadFailure?.mayGoWellLater == true }.map(\.version)
        let isRenewed = { [wantsReload] (version: ModelVersion) in
            wantsReload || changed.contains(version) || retried.contains(version)
        }
        keepFallback(of: plan, isRenewed: isRenewed)
        dropUndone()
        // What they need may be there by now.
        versions.removeAll { found in
            guard let failure = found.life.failure else { return false }
            return isRenewed(found.version) || failure.mayGoWellLater
        }
        for index in versions.indices where isRenewed(versions[index].version) {
            guard versions[index].life.isLive || versions[index].life.isOnItsWay else { continue }
            versions[index].isStale = !versions[index].life.isDiscovered
        }
        wantsReload = false
        var failed: [(version: ModelVersion, error: ModelError)] = []
        for version in plan.versions where life(of: version) == nil {
            let life = plan.faults[version].map(VersionLife.failed) ?? .discovered
            if let error = life.failure { failed.append((version, error)) }
            insert(Version(version, life))
        }
        fallBack()
        return failed
    }

    /// Goes on wanting the version that serves in the place of others that failed, as long as those are as they were.
    private mutating func keepFallback(of plan: AspiredVersions, isRenewed: (ModelVersion) -> Bool) {
        let areAllFailed = plan.chosen.allSatisfy { life(of: $0)?.failure != nil && !isRenewed($0) }
        guard areAllFailed, let serving = versions.last(where: { $0.life.isLive || $0.life.isOnItsWay }),
            plan.fallbacks.contains(serving.version)
        else { return }
        want(serving.version)
    }

    /// Wants the next lower version when none of those that are wanted can be served, and nothing else serves.
    private mutating func fallBack() {
        guard !chosen.isEmpty, chosen.allSatisfy({ life(of: $0)?.failure != nil }), let next = fallbacks.last,
            !versions.contains(where: { $0.version >= next && ($0.life.isLive || $0.life.isOnItsWay) })
        else { return }
        fallbacks.removeLast()
        want(next)
        if life(of: next) == nil { insert(Version(next, .discovered)) }
    }

    private mutating func want(_ version: ModelVersion) {
        guard !aspired.contains(version) else { return }
        aspired = (aspired + [version]).sorted()
        fallbacks.removeAll { $0 >= version }
        if !chosen.contains(version) { chosen = (chosen + [version]).sorted() }
    }

    private mutating func insert(_ version: Version) {
        let index = versions.firstIndex { $0.version > version.version } ?? versions.endIndex
        versions.insert(version, at: index)
    }

    /// A version goes on in its life; one that is wanted again by the time it's gone begins a new one.
    mutating func move(_ version: ModelVersion, to life: VersionLife) {
        guard let index = versions.firstIndex(where: { $0.version == version }) else { return }
        precondition(
            versions[index].life.allows(life),
            "version \(version) can't go from \(versions[index].life) to \(life). This is a bug."
        )
        // Wanted again, or changed while it was on its way: what failed isn't what is there now.
        let isRenewed = life.failure != nil && versions[index].isStale
        if aspired.contains(version), isRenewed || life.isUnloaded {
            versions[index] = Version(version, .discovered)
        } else {
            versions[index].life = life
            if !life.isLive, !life.isOnItsWay { versions[index].isStale = false }
            fallBack()
        }
    }

    /// A live version is being loaded anew.
    mutating func isBeingReplaced(_ version: ModelVersion) {
        change(version) { found in
            found.isStale = false
            found.isBeingReplaced = true
        }
    }

    /// A live version has been loaded anew, or couldn't be.
    mutating func isReplaced(_ version: ModelVersion, failure: ModelError?) {
        change(version) { found in
            found.isBeingReplaced = false
            found.reloadFailure = failure
        }
    }

    /// A live version isn't being loaded anew any more, though what it serves isn't what is in the repository.
    mutating func isReplacedNoMore(_ version: ModelVersion) {
        change(version) { found in
            found.isBeingReplaced = false
            found.isStale = true
        }
    }

    private mutating func change(_ version: ModelVersion, _ body: (inout Version) -> Void) {
        guard let index = versions.firstIndex(where: { $0.version == version }) else { return }
        body(&versions[index])
    }

    /// Forgets versions that are unloaded, and those that aren't wanted and are failed or not begun.
    private mutating func dropUndone() {
        versions.removeAll { candidate in
            switch candidate.life {
            case .unloaded: true
            case .discovered, .fetching, .verifying, .failed: !aspired.contains(candidate.version)
            default: false
            }
        }
    }
}
