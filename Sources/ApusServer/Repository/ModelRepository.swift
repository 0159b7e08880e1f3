internal import ApusCore
internal import ApusModels
internal import ApusS3
internal import ApusStorage
internal import Logging
internal import Synchronization

/// Where the models come from: a folder or an object store, looked at as often as is wanted.
///
/// Calls block. Locks: `state`, held while the source is looked at, so that looks come one after the other; nothing that
/// serves takes it. `last`, very short.
final class ModelRepository: Sendable {
    /// What one look found.
    struct Look: Sendable {
        /// Everything that is there.
        let listing: RepositoryListing
        /// Whether it's what the cache remembers, since the source doesn't answer.
        let failure: StorageError?
        /// Whether something is still being written, so that another look is due soon.
        let isUnsettled: Bool
    }

    /// The kinds of sources.
    private enum Source: Sendable {
        case folder(String)
        /// A store, and the same for a look that can do without an answer.
        case store(any ObjectStore, hasty: any ObjectStore)
    }

    private struct State: Sendable {
        var settling: SettlingRule
        var objects: [StoredObject]?
        var listing: RepositoryListing?
        var prepared: PreparedVersions?
    }

    /// What people call the source.
    let location: String
    private let source: Source
    private let cache: CacheHolder
    private let rules: ManifestRules
    private let modelFilenames: [String]
    private let isSettling: Bool
    private let time: any TimeSource
    private let logger: Logger
    private let state: Mutex<State>
    private let last = Mutex<RepositoryListing?>(nil)

    /// Finds out what kind of source the configuration names; nothing is looked at yet.
    ///
    /// - Throws: `RuntimeFailure.Code.repository` for an address that can't be one, `configuration` for keys that can't.
    init(
        _ configuration: ServerConfiguration,
        modelFilenames: [String],
        time: any TimeSource,
        logger: Logger
    ) throws(RuntimeFailure) {
        self.source = try ModelRepository.source(configuration)
        self.cache = CacheHolder(configuration.store, environment: configuration.environment, logger: logger)
        self.rules = try configuration.store.manifestRules(configuration.environment, cache: cache)
        self.modelFilenames = modelFilenames
        self.isSettling = configuration.controlMode.looksAgain
        self.time = time
        self.logger = logger
        self.state = Mutex(State(settling: SettlingRule(nanoseconds: configuration.store.settleTime)))
        self.location =
            switch source {
            case .folder(let path): path
            case .store(let store, _): store.location
            }
    }

    /// Whether the first look may have found less than the second will.
    var isLookedAtTwice: Bool {
        if case .store(let store, _) = source { (store as? SingleObjectStore)?.hasLocalFile == true } else { false }
    }

    /// The folder that can be watched; `nil` for a store.
    var watchedFolder: String? {
        if case .folder(let path) = source { path } else { nil }
    }

    /// Looks at the source.
    ///
    /// - Parameter isFirst: Whether what the cache remembers does when the source doesn't answer.
    /// - Returns: What is there.
    /// - Throws: When there's nothing to be served by.
    func look(isFirst: Bool = false) throws(ModelError) -> Look {
        let outcome = state.withLock { state in
            Result { () throws(ModelError) in try look(&state, isFirst: isFirst) }
        }
        let found = try outcome.get()
        last.withLock { $0 = found.listing }
        return found
    }

    /// What the last look found, without asking anybody; `nil` before the first one.
    var lastListing: RepositoryListing? { last.withLock { $0 } }

    /// Notes that what was found at the last look has been loaded: a start without the source begins with it.
    func remember() {
        guard case .store(let store, _) = source, let objects = state.withLock({ $0.objects }) else { return }
        do throws(StorageError) {
            let entries = objects.map { SourceRecord.Entry(object: $0) }
            try cache.get().remember(SourceRecord(location: store.location, entries: entries))
        } catch {
            logger.warning(
                "What is served can't be remembered for a start without its source",
                metadata: [LogKeys.reason: "\(error.message)"]
            )
        }
    }

    // MARK: - Looking

    private func look(_ state: inout State, isFirst: Bool) throws(ModelError) -> Look {
        switch source {
        case .folder(let path): return try lookAtFolder(path, &state)
        case .store(let store, let hasty): return try lookAtStore(store, hasty: hasty, &state, isFirst: isFirst)
        }
    }

    private func lookAtFolder(_ path: String, _ state: inout State) throws(ModelError) -> Look {
        let folder: LocalModelStorage
        do throws(RuntimeFailure) {
            folder = try LocalModelStorage(path: path)
        } catch {
            throw ModelError(.unreadable, error.message, cause: error)
        }
        let store: LocalObjectStore
        do throws(StorageError) {
            store = try LocalObjectStore(path: folder.location)
        } catch {
            throw ModelError(error)
        }
        let prepared = preparedVersions(of: store, &state)
        let storage = PublishedModelStorage(folder, store: store, prepared: prepared)
        let found = try RepositoryListing(scanning: storage, modelFilenames: modelFilenames, rules: rules)
        return judged(found, &state, failure: nil)
    }

    private func lookAtStore(
        _ store: any ObjectStore,
        hasty: any ObjectStore,
        _ state: inout State,
        isFirst: Bool
    ) throws(ModelError) -> Look {
        var failure: StorageError?
        let objects: [StoredObject]
        // Whoever serves already goes on with what there is; only a start needs the memory.
        let remembered = isFirst ? cache.recall(store.location) : nil
        do throws(StorageError) {
            objects = try (remembered == nil ? store : hasty).list("", limit: ModelRepository.maxObjects)
        } catch {
            guard let remembered else { throw ModelError(error) }
            objects = remembered
            failure = error
        }
        if let known = state.listing, state.objects == objects { return judged(known, &state, failure: failure) }
        let cache: VersionCache
        do throws(StorageError) {
            cache = try self.cache.get()
        } catch {
            throw ModelError(error)
        }
        let prepared = preparedVersions(of: store, &state)
        let storage = SnapshotModelStorage(objects, in: store, cache: cache, prepared: prepared)
        let found = try RepositoryListing(scanning: storage, modelFilenames: modelFilenames, rules: rules)
        // What couldn't be read this time is looked at again.
        state.listing = found.mayGoWellLater ? nil : found
        state.objects = objects
        return judged(found, &state, failure: failure)
    }

    private func judged(_ found: RepositoryListing, _ state: inout State, failure: StorageError?) -> Look {
        guard isSettling else { return Look(listing: found, failure: failure, isUnsettled: false) }
        let (listing, isUnsettled) = state.settling.judge(
            found,
            now: time.now,
            seconds: WallClock.millisecondsSince1970 / 1000
        )
        return Look(listing: listing, failure: failure, isUnsettled: isUnsettled)
    }

    private func preparedVersions(of store: any ObjectStore, _ state: inout State) -> PreparedVersions {
        if let prepared = state.prepared { return prepared }
        let prepared = PreparedVersions(
            store: store,
            cache: { [cache] () throws(StorageError) in try cache.get() },
            keys: rules.keys
        )
        state.prepared = prepared
        return prepared
    }

    /// How long a source may not answer that a start can do without; nanoseconds.
    private static let hastyPatience: Int64 = 5_000_000_000

    /// The most objects of a repository.
    private static let maxObjects = 1_000_000

    private static func source(_ configuration: ServerConfiguration) throws(RuntimeFailure) -> Source {
        let address = configuration.models
        guard !address.isEmpty else {
            let patience = configuration.store.sourceTimeout
            if let single = try SingleModelVariables.store(configuration, patience: patience) {
                return .store(single, hasty: single)
            }
            throw RuntimeFailure(
                .repository,
                "no model repository: say where the models are with --models DIR (or APUS_MODELS, or 'models' in the "
                    + "configuration file); s3://BUCKET/PREFIX and https://HOST/PATH do as well"
            )
        }
        guard OpenStore.isRemote(address) else { return .folder(address) }
        do throws(StorageError) {
            let environment = configuration.environment
            return .store(
                try OpenStore.open(
                    address,
                    environment: environment,
                    patience: configuration.store.sourceTimeout,
                    isInBackground: true
                ),
                hasty: try OpenStore.open(
                    address,
                    environment: environment,
                    patience: min(configuration.store.sourceTimeout, ModelRepository.hastyPatience),
                    isInBackground: true
                )
            )
        } catch {
            throw RuntimeFailure(.repository, error.message, cause: error)
        }
    }
}
