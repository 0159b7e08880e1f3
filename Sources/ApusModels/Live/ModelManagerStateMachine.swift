internal import ApusCore
internal import DequeModule

/// What there is, what should be live, and what is to be done next: names and states only.
///
/// Threads ask `threadBecameFree()` for work, carry it out, and tell how it went; whatever is told may make more work.
/// The order of work is the order in which models were listed, then of what happened to them; a version whose model needs
/// others is loaded when those have come to live or failed.
struct ModelManagerStateMachine: ~Copyable, Sendable {
    /// Everything known, by name.
    private(set) var models: [ModelName: ManagedModel] = [:]
    /// What looks like a model and can't be one.
    private(set) var unavailable: [UnavailableFolder] = []
    private let policy: any TransitionPolicy
    private var tally = Tally()
    /// Counts lists, so that a plan made for an older one is known as such.
    private var listing = 0
    /// Models that may need a step; one that needs none is dropped when its turn comes.
    private var queue: Deque<ModelName> = []
    /// Which models need which.
    private(set) var dependencies = DependencyGraph()
    /// Drained versions without leases.
    private var unused: Deque<ModelID> = []
    /// Versions in memory that were replaced, by edition: those whose leases haven't ended, and those to be ended.
    private var replaced: Set<Int> = []
    private var unusedEditions: Deque<Int> = []
    /// Versions whose files are being brought here.
    private var preparations = Preparations()
    /// Versions that are being taken out of service.
    private var leaving: Set<ModelID> = []

    /// Starts with nothing listed.
    init(policy: any TransitionPolicy) {
        self.policy = policy
    }

    // MARK: - What is known

    /// Whether a list has been given and nothing is on its way to live.
    var isIdle: Bool { listing > 0 && tally.busy == 0 }
    /// The same, and whether everything that may go has been taken out of service too.
    var isQuiet: Bool { isIdle && queue.isEmpty && leaving.isEmpty }
    /// Whether a list has been given and every model has come to live or failed.
    var isSettled: Bool { listing > 0 && tally.unsettled == 0 }
    /// Whether no version is in memory or on its way there.
    var isEmpty: Bool { tally.occupied == 0 && tally.busy == 0 && replaced.isEmpty }
    /// Whether something in the repository can't be served.
    var hasFailures: Bool { tally.failed > 0 || !unavailable.isEmpty }

    // MARK: - Events

    /// The repository said what is there, all of it.
    ///
    /// - Parameters:
    ///   - names: The models; each is planned anew.
    ///   - unchanged: More models, in which nothing has changed since they were planned.
    ///   - unavailable: What looks like a model and can't be one; one of which a version is live serves on.
    ///   - explicitly: Whether the models were asked for by name.
    mutating func modelsListed(
        _ names: [ModelName],
        unchanged: Set<ModelName> = [],
        unavailable: [UnavailableFolder],
        explicitly: Bool = false
    ) {
        listing += 1
        let number = listing
        self.unavailable = unavailable
        let listed = unchanged.union(names)
        for name in models.keys.filter({ !listed.contains($0) }).sorted() {
            dependencies.forget(name)
            if let folder = unavailable.first(where: { $0.name == name.description }), isServed(name) {
                self.unavailable.removeAll { $0.name == folder.name }
                change(name) { $0.isRefused(folder.error) }
                continue
            }
            change(name) { $0.isListedNoMore() }
            if models[name]?.versions.allSatisfy(\.life.isOver) == true { forget(name) }
            queue.append(name)
        }
        for name in names {
            dependencies.forget(name)
            change(name, orBegin: true) { $0.isListed(number, explicitly: explicitly) }
            queue.append(name)
        }
    }

    /// Whether a version of a model answers requests.
    private func isServed(_ name: ModelName) -> Bool {
        models[name]?.versions.contains { $0.life.isLive } == true
    }

    /// Somebody wants a model loaded, anew if it is; other models stay as they are.
    ///
    /// - Parameters:
    ///   - name: The model; it is in the repository.
    ///   - explicitly: Whether it was asked for by name, and not for the sake of another.
    mutating func modelRequested(_ name: ModelName, explicitly: Bool = true) {
        listing += 1
        let number = listing
        unavailable.removeAll { $0.name == name.description }
        dependencies.forget(name)
        change(name, orBegin: true) { $0.isRequested(number, explicitly: explicitly) }
        queue.append(name)
    }

    /// A model that is loaded on demand has changed in the repository; it's planned anew.
    mutating func modelChanged(_ name: ModelName) {
        listing += 1
        let number = listing
        dependencies.forget(name)
        change(name) { $0.isListed(number, explicitly: false) }
        queue.append(name)
    }

    /// Whether a model is loaded or on its way.
    func isWanted(_ name: ModelName) -> Bool { models[name]?.isWanted == true }

    /// Nobody wants a model any more; what is known of it stays, for the index.
    ///
    /// - Parameters:
    ///   - name: The model.
    ///   - withDependents: Whether models go too that nobody asked for by name and that no other one needs.
    /// - Returns: It and those that go with it.
    @discardableResult
    mutating func modelDismissed(_ name: ModelName, withDependents: Bool) -> [ModelName] {
        let needed = dependencies.needs(of: name)
        dependencies.forget(name)
        change(name) { $0.isListedNoMore() }
        queue.append(name)
        var dismissed = [name]
        guard withDependents else { return dismissed }
        for other in needed where isWanted(other) && models[other]?.isExplicit == false {
            guard dependencies.dependents(of: other).isEmpty else { continue }
            dismissed += modelDismissed(other, withDependents: true)
        }
        return dismissed
    }

    /// What came of a plan.
    enum OnModelPlanned {
        /// These versions failed at once.
        case accepted(failed: [(version: ModelVersion, error: ModelError)])
        /// A newer list is in force, and a newer plan under way.
        case outdated
    }

    /// A model's configuration was read.
    mutating func modelPlanned(
        _ aspired: AspiredVersions,
        dependencies needed: [ModelName] = [],
        changed: Set<ModelVersion> = [],
        listing: Int
    ) -> OnModelPlanned {
        guard listing == models[aspired.name]?.listing else { return .outdated }
        // Those on a circle need wait no longer: each is loaded, which fails with the way round.
        queue.append(contentsOf: dependencies.add(needed, of: aspired.name))
        var failed: [(version: ModelVersion, error: ModelError)] = []
        change(aspired.name) { failed = $0.isPlanned(aspired, changed: changed) }
        queue.append(aspired.name)
        return .accepted(failed: failed)
    }

    /// A model's configuration is wrong; `false` when a newer list is in force.
    mutating func planFailed(_ name: ModelName, error: ModelError, listing: Int) -> Bool {
        guard listing == models[name]?.listing else { return false }
        change(name) { $0.isRefused(error) }
        queue.append(name)
        return true
    }

    /// An engine has opened a version; requests are run to warm it up.
    mutating func versionOpened(_ id: ModelID) {
        move(id, to: .warming)
    }

    /// A version answers requests.
    mutating func versionLoaded(_ id: ModelID) {
        move(id, to: .live)
    }

    /// A version couldn't be loaded.
    mutating func versionFailed(_ id: ModelID, error: ModelError) {
        move(id, to: .failed(error))
    }

    /// A live version was loaded anew and the new one serves; the old one, known by its edition, has yet to end.
    mutating func versionReplaced(_ id: ModelID, old edition: Int) {
        replaced.insert(edition)
        change(id.name) { $0.isReplaced(id.version, failure: nil) }
        queue.append(id.name)
    }

    /// A live version couldn't be loaded anew; the old one serves on.
    mutating func versionNotReplaced(_ id: ModelID, error: ModelError) {
        change(id.name) { $0.isReplaced(id.version, failure: error) }
        queue.append(id.name)
    }

    /// A version that was replaced has no lease left.
    mutating func leasesEnded(onEdition edition: Int) {
        unusedEditions.append(edition)
    }

    /// A version that was replaced is gone.
    mutating func editionUnloaded(_ edition: Int) {
        replaced.remove(edition)
    }

    /// A version takes no requests any more.
    mutating func versionLeft(_ id: ModelID) {
        leaving.remove(id)
    }

    /// A draining version has no lease left.
    mutating func leasesEnded(_ id: ModelID) {
        unused.append(id)
    }

    /// A version is gone.
    mutating func versionUnloaded(_ id: ModelID) {
        move(id, to: .unloaded)
    }

    /// A version's files are here and checked.
    ///
    /// - Returns: Whether anybody still wants them.
    mutating func versionPrepared(_ preparation: ModelPreparation) -> Bool {
        guard preparations.end(preparation) else { return false }
        guard isWanted(preparation) else {
            abandon(preparation)
            return false
        }
        preparations.keep(preparation)
        return true
    }

    /// Versions that were prepared and that nobody wants any more; told once.
    mutating func takeDropped() -> [ModelID] { preparations.takeDropped() }

    /// A version's files couldn't be brought here, or aren't what they should be.
    ///
    /// - Returns: Whether anybody still wants to know.
    mutating func preparationFailed(_ preparation: ModelPreparation, error: ModelError) -> Bool {
        guard preparations.end(preparation) else { return false }
        guard isWanted(preparation) else {
            abandon(preparation)
            return false
        }
        if preparation.isReplacement {
            versionNotReplaced(preparation.id, error: error)
        } else {
            versionFailed(preparation.id, error: error)
        }
        return true
    }

    /// What a free thread should do.
    enum OnThreadFree: Equatable {
        /// Read a model's configuration.
        case plan(ModelName, listing: Int)
        /// Load a version.
        case load(ModelID)
        /// Take a version out of service.
        case drain(ModelID)
        /// End a version that nobody uses.
        case unload(ModelID)
        /// Load a live version anew beside itself.
        case replace(ModelID)
        /// End a version that was replaced and that nobody uses.
        case unloadEdition(Int)
        /// Wait until something happens.
        case idle
    }

    /// A thread can do something.
    mutating func threadBecameFree() -> OnThreadFree {
        if let id = unused.popFirst() { return .unload(id) }
        if let edition = unusedEditions.popFirst() { return .unloadEdition(edition) }
        while let preparation = preparations.takePrepared() {
            if let step = nextStep(after: preparation) { return step }
        }
        while let name = queue.popFirst() {
            if let step = nextStep(of: name) { return step }
        }
        return .idle
    }

    /// Whether a version waits for being prepared.
    var hasUnprepared: Bool { preparations.hasWaiting }

    /// A thread can prepare something; `nil` when there's nothing.
    mutating func preparingThreadBecameFree() -> ModelPreparation? {
        while let preparation = preparations.takeWaiting() {
            if isWanted(preparation) { return preparation }
            if preparations.end(preparation) { abandon(preparation) }
        }
        return nil
    }

    // MARK: - Steps

    /// Loads what has been prepared, if it is still wanted.
    private mutating func nextStep(after preparation: ModelPreparation) -> OnThreadFree? {
        let id = preparation.id
        guard isWanted(preparation) else {
            preparations.drop(id)
            abandon(preparation)
            return nil
        }
        if preparation.isReplacement { return .replace(id) }
        move(id, to: .loading)
        return .load(id)
    }

    /// Whether what is prepared is still to be loaded.
    private func isWanted(_ preparation: ModelPreparation) -> Bool {
        let model = models[preparation.id.name]
        if preparation.isReplacement { return model?.aspired.contains(preparation.id.version) == true }
        return if case .fetching = model?.life(of: preparation.id.version) { true } else { false }
    }

    /// Lets a live version whose new content nobody wants any more go its way.
    private mutating func abandon(_ preparation: ModelPreparation) {
        guard preparation.isReplacement else { return }
        change(preparation.id.name) { $0.isReplacedNoMore(preparation.id.version) }
        queue.append(preparation.id.name)
    }

    /// Waits no longer for new content of live versions that nobody wants any more, however long it takes to come.
    private mutating func cancelUnwantedReplacements(of name: ModelName) {
        guard let model = models[name] else { return }
        for found in model.versions where found.isBeingReplaced && !model.aspired.contains(found.version) {
            guard preparations.cancel(ModelID(name: name, version: found.version)) else { continue }
            change(name) { $0.isReplacedNoMore(found.version) }
        }
    }

    private mutating func nextStep(of name: ModelName) -> OnThreadFree? {
        cancelUnwantedReplacements(of: name)
        guard let model = models[name] else { return nil }
        switch model.intent {
        case .unplanned:
            change(name) { $0.intent = .planning }
            return .plan(name, listing: model.listing)
        case .planning:
            return nil
        case .planned, .refused:
            switch policy.nextAction(for: model.snapshots) {
            case .load(let version):
                guard haveDependenciesSettled(of: name) else { return nil }
                let id = ModelID(name: name, version: version)
                if model.mustPrepare(version) {
                    move(id, to: .fetching)
                    preparations.begin(id, isReplacement: false)
                    return nil
                }
                move(id, to: .loading)
                return .load(id)
            case .drain(let version):
                let id = ModelID(name: name, version: version)
                move(id, to: .draining)
                leaving.insert(id)
                return .drain(id)
            case .replace(let version):
                guard haveDependenciesSettled(of: name) else { return nil }
                let id = ModelID(name: name, version: version)
                change(name) { $0.isBeingReplaced(version) }
                queue.append(name)
                if model.mustPrepare(version) {
                    preparations.begin(id, isReplacement: true)
                    return nil
                }
                return .replace(id)
            case nil:
                return nil
            }
        }
    }

    /// Moves a version on and has its model looked at again: another thread may find more to do.
    private mutating func move(_ id: ModelID, to life: VersionLife) {
        change(id.name) { $0.move(id.version, to: life) }
        queue.append(id.name)
    }

    /// Forgets a model of which nothing is in memory or on its way there.
    mutating func forget(_ name: ModelName) {
        dependencies.forget(name)
        if let model = models.removeValue(forKey: name) { tally.subtract(model) }
    }

    /// Changes one model and keeps the counts right.
    mutating func change(
        _ name: ModelName,
        orBegin isNew: Bool = false,
        _ body: (inout ManagedModel) -> Void
    ) {
        let known = models[name]
        guard isNew || known != nil else { return }
        if let known { tally.subtract(known) }
        var model = known ?? ManagedModel()
        body(&model)
        tally.add(model)
        models[name] = model
        if known?.isBusy == true, !model.isBusy { queue.append(contentsOf: dependencies.dependents(of: name)) }
    }
}

/// How many models are in which condition, so that nobody has to look through all of them.
private struct Tally: Sendable {
    private(set) var busy = 0
    private(set) var unsettled = 0
    private(set) var occupied = 0
    private(set) var failed = 0

    /// Counts a model.
    mutating func add(_ model: ManagedModel) {
        count(model, by: 1)
    }

    /// Counts a model no longer.
    mutating func subtract(_ model: ManagedModel) {
        count(model, by: -1)
    }

    private mutating func count(_ model: ManagedModel, by step: Int) {
        if model.isBusy { busy += step }
        if !model.isSettled { unsettled += step }
        if model.isOccupied { occupied += step }
        if model.hasFailed { failed += step }
    }
}
