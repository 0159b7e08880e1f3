package import ApusCore
internal import Synchronization

/// Holds the versions that are served: loads them, lends them to requests, takes them out again.
///
/// It's told what *should* be live, the whole list each time; a pure policy picks each next step; loading threads carry
/// it out. Requests only touch `lease(_:)`, which waits for nothing that loading does.
///
/// Locks: `contents` (what is known and wanted; short) and those in `LiveVersions` (what requests look into; very
/// short, taken in the order of the stripes). Neither kind is held while the other is taken, while a loader works, or
/// while an observer is told.
package final class ModelManager<Servable: AnyObject & Sendable>: Sendable {
    /// How a manager works.
    package struct Configuration: Sendable {
        /// How many versions may be loading at the same time.
        package var loadingThreads = 1
        /// How many versions may be brought here, or checked, at the same time.
        package var preparingThreads = 2

        /// One load at a time, so that loading disturbs serving least.
        package init() {}
    }

    /// What is known and wanted; the state machine decides, the rest is what it needs to have carried out.
    struct Contents: ~Copyable {
        /// Decides what comes next.
        var machine: ModelManagerStateMachine
        /// Models whose configuration has yet to be read.
        var folders: [ModelName: ModelFolder] = [:]
        /// Models whose configuration has been read, with the folder that it was read from, as long as something of them
        /// is in memory or on its way there.
        var planned: [ModelName: (folder: ModelFolder, model: Loading<Servable>.Model)] = [:]
        /// What there was of each model when it was planned.
        var fingerprints: [ModelName: ModelFingerprint] = [:]
        /// What there was of each model whose configuration was refused.
        var refused: [ModelName: ModelFingerprint] = [:]
        /// Where labels should point: they do as soon as that version is live.
        var labels: [ModelName: [VersionLabel: ModelVersion]] = [:]
        /// What keeps the files of versions where they are that have been prepared and not loaded yet.
        var prepared: [ModelID: any Sendable] = [:]
        /// Everything in the repository at the last look, loaded or not, where models are loaded on demand.
        var catalogue: RepositoryListing?
        /// Versions in memory, live and draining ones.
        var handles: [ModelID: VersionHandle] = [:]
        /// Versions in memory that were replaced, by edition.
        var replaced: [Int: VersionHandle] = [:]
        /// Who waits for what.
        var waiters = Waiters()

        /// Whether a milestone has been reached.
        func hasReached(_ milestone: Milestone) -> Bool {
            switch milestone {
            case .loaded: machine.isQuiet
            case .unloaded: machine.isEmpty
            case .settled(let name): machine.models[name]?.isBusy != true
            }
        }
    }

    let contents: Mutex<Contents>
    let live = LiveVersions()
    let loading: Loading<Servable>
    let observer: any ModelManagerObserver
    let time: any TimeSource
    private let tickets = Atomic<Int>(0)
    private let editions = Atomic<Int>(0)
    private let threads: Mutex<(loading: LoadingThreads, preparing: LoadingThreads)?>

    /// Makes a manager without models, and starts its loading threads.
    ///
    /// - Parameters:
    ///   - loader: Loads and unloads versions.
    ///   - observer: Is told what becomes of them.
    ///   - policy: In which order versions come and go.
    ///   - time: Measures how long loading takes.
    ///   - configuration: How the manager works.
    /// - Throws: `RuntimeFailure.Code.resource` when the system gives no thread.
    package init<Loader: ModelLoader>(
        loader: Loader,
        observer: some ModelManagerObserver,
        policy: some TransitionPolicy = AvailabilityPreservingPolicy(),
        time: some TimeSource = SystemTime(),
        configuration: Configuration = Configuration()
    ) throws(RuntimeFailure) where Loader.Servable == Servable {
        self.contents = Mutex(Contents(machine: ModelManagerStateMachine(policy: policy)))
        self.loading = Loading(by: loader)
        self.observer = observer
        self.time = time
        self.threads = Mutex(nil)
        let loading = try LoadingThreads(name: "apus-load", count: configuration.loadingThreads) { [weak self] in
            self?.workUntilIdle()
        }
        let preparing = try LoadingThreads(name: "apus-fetch", count: configuration.preparingThreads) { [weak self] in
            self?.prepareUntilIdle()
        }
        self.threads.withLock { $0 = (loading, preparing) }
    }

    // MARK: - Serving

    /// Finds a live version and keeps it alive.
    ///
    /// - Throws: `notFound` for an unknown model or version and for a model without a live version, `unavailable` for a
    ///   version that is known and isn't live.
    package func lease(_ selector: ModelSelector) throws(InferenceError) -> VersionLease<Servable> {
        guard let handle = live.open(selector) else { throw refusal(of: selector) }
        return VersionLease(counted: handle)
    }

    /// The versions of a model that are live now, ascending; empty when there are none.
    package func readyVersions(of name: ModelName) -> [ModelVersion] {
        live.versions(of: name)
    }

    /// Everything that is live now, sorted by name and version; not kept alive, so for looking only.
    package func liveVersions() -> [(id: ModelID, servable: Servable)] {
        live.all.map { ($0.id, $0.servable(as: Servable.self)) }
    }

    /// Whether models were listed and every one has come to live or failed.
    package var isSettled: Bool { contents.withLock { $0.machine.isSettled } }

    /// Whether something in the repository can't be served.
    package var hasFailures: Bool { contents.withLock { $0.machine.hasFailures } }

    // MARK: - What should be live

    /// Says what is in the repository, all of it, and waits until each wanted version has come to live or failed.
    ///
    /// Models that aren't in the list are unloaded; those in which nothing has changed since the last list are left alone,
    /// except for what may go well this time. When the task is cancelled it returns at once and loading goes on.
    package func loadAll(_ listing: RepositoryListing) async {
        list(listing)
        await loaded()
    }

    /// Waits until each wanted version has come to live or failed, or the task is cancelled.
    package func loaded() async {
        await reach(.loaded)
    }

    /// Says what is in the repository, all of it, and waits for nothing.
    ///
    /// - Parameters:
    ///   - listing: What is there.
    ///   - explicitly: Whether the models were asked for by name.
    package func list(_ listing: RepositoryListing, explicitly: Bool = false) {
        let fingerprints = Dictionary(uniqueKeysWithValues: listing.models.map { ($0.name, $0.fingerprint) })
        feed { contents in
            let unchanged = contents.unchanged(fingerprints)
            let changed = listing.models.filter { !unchanged.contains($0.name) }
            let known = Set(contents.machine.unavailable.map { "\($0.name)\n\($0.error.message)" })
            contents.folders = Dictionary(uniqueKeysWithValues: changed.map { ($0.name, $0) })
            contents.fingerprints = contents.fingerprints.filter { fingerprints[$0.key] != nil }
            contents.refused = contents.refused.filter { fingerprints[$0.key] != nil }
            contents.machine.modelsListed(
                changed.map(\.name),
                unchanged: unchanged,
                unavailable: listing.unavailable,
                explicitly: explicitly
            )
            let models = contents.machine.models
            contents.planned = contents.planned.filter { models[$0.key] != nil }
            contents.labels = contents.labels.filter { models[$0.key] != nil }
            return listing.unavailable.filter { !known.contains("\($0.name)\n\($0.error.message)") }
        } tell: { news in
            let unavailable = listing.unavailable.compactMap { ModelName($0.name) }
            live.forgetLabels(except: Set(listing.models.map(\.name) + unavailable))
            for folder in news { observer.modelFailed(folder.name, version: nil, error: folder.error) }
        }
        wakeThread()
    }

    /// Takes everything out of service and waits until the last lease has ended and every version is gone.
    ///
    /// When the task is cancelled it returns at once and draining goes on: give the wait a time limit that way.
    package func unloadAll() async {
        feed { contents in
            contents.folders = [:]
            contents.fingerprints = [:]
            contents.machine.modelsListed([], unavailable: [])
        }
        wakeThread()
        await reach(.unloaded)
    }

    // MARK: - Events

    /// The one door: takes the lock, feeds an event, unlocks, tells of it, then resumes those whose milestone it reached.
    ///
    /// Telling comes before resuming, so that whoever waits for a milestone knows that all before it has been said.
    @discardableResult
    func feed<Outcome: Sendable>(
        _ event: (inout sending Contents) -> sending Outcome,
        tell: (Outcome) -> Void = { _ in }
    ) -> Outcome {
        let (outcome, reached) = contents.withLock { contents in
            let outcome = event(&contents)
            guard !contents.waiters.isEmpty else { return (outcome, [CheckedContinuation<Void, Never>]()) }
            let reached = contents.waiters.milestones.filter { contents.hasReached($0) }
            return (outcome, contents.waiters.removeAll { reached.contains($0) })
        }
        tell(outcome)
        for continuation in reached { continuation.resume() }
        return outcome
    }

    /// Has a loading thread look for work.
    func wakeThread() {
        threads.withLock { $0 }?.loading.wake()
    }

    /// Has a thread look for something to prepare.
    func wakePreparingThread() {
        threads.withLock { $0 }?.preparing.wake()
    }

    /// A handle for something loaded, of an edition of its own.
    func makeHandle(_ id: ModelID, _ servable: Servable, files: (any Sendable)?) -> VersionHandle {
        let edition = editions.add(1, ordering: .relaxed).newValue
        return VersionHandle(id: id, edition: edition, servable: servable, files: files) { [weak self] handle in
            self?.lastLeaseEnded(handle)
        }
    }

    /// Waits for a milestone, or for the task's cancellation.
    func reach(_ milestone: Milestone) async {
        let ticket = tickets.add(1, ordering: .relaxed).newValue
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = contents.withLock { contents in
                    if Task.isCancelled || contents.hasReached(milestone) { return true }
                    contents.waiters.add(ticket, for: milestone, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            contents.withLock { $0.waiters.remove(ticket) }?.resume()
        }
    }
}
