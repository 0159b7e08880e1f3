internal import ApusCore
internal import ApusModels
internal import ApusScheduling
internal import ApusStorage
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import Synchronization

/// Looks at the source of models when it's time, when something changes there, and when somebody asks for it; and has the
/// manager serve what was found.
///
/// Locks: `state`, short; nothing is called with it held.
final class RepositoryKeeper: Service, SourceUpdates {
    /// The most failures in a report.
    private static let maxFailures = 100

    private struct State: Sendable {
        var updates = UpdateStateMachine()
        var isEnding = false
        var lastFailure = ""
    }

    private let repository: ModelRepository
    private let manager: ModelManager<LoadedModel>
    private let mode: ModelControlMode
    private let settings: StoreSettings
    private let logger: Logger
    private let state = Mutex(State())
    private let thread = BackgroundThread()
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    /// Puts the parts together; nothing is looked at before `run`, but for what `firstLook` does.
    init(
        _ repository: ModelRepository,
        manager: ModelManager<LoadedModel>,
        mode: ModelControlMode,
        settings: StoreSettings,
        logger: Logger
    ) {
        self.repository = repository
        self.manager = manager
        self.mode = mode
        self.settings = settings
        self.logger = logger
        (self.bell, self.ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: - Updates

    func begin() throws(InferenceError) -> Int {
        let outcome = state.withLock { state in state.isEnding ? nil : state.updates.requested() }
        switch outcome {
        case nil: throw InferenceError(.unavailable, "the server is ending")
        case .begin(let number):
            ring.yield()
            return number
        case .wait(let number):
            return number
        }
    }

    func report(of number: Int?) -> SourceUpdateReport? {
        state.withLock { $0.updates.report(of: number) }
    }

    // MARK: - Looking

    /// Looks at the source for the first time; the caller has it loaded.
    ///
    /// What has just been written is waited for, so that a server that is ready has models; not for ever, since somebody may
    /// write all the time.
    ///
    /// - Throws: `ModelError` when there's nothing that could be served.
    func firstLook() async throws(ModelError) -> RepositoryListing {
        var look = try await look(isFirst: true)
        for _ in 0..<3 where look.isUnsettled && !Task.isCancelled {
            logger.info(
                "Files have just been written: waiting until they have settled",
                metadata: [LogKeys.path: "\(repository.location)"]
            )
            try? await Task.sleep(for: .nanoseconds(settings.settleTime))
            if !Task.isCancelled { look = try await self.look(isFirst: true) }
        }
        if let failure = look.failure {
            logger.warning(
                "The source of models doesn't answer; what was served last is served from the cache",
                metadata: [LogKeys.path: "\(repository.location)", LogKeys.reason: "\(failure.message)"]
            )
        }
        if look.isUnsettled { lookSoon() }
        return look.listing
    }

    /// What is there now, for those who load by name; blocks.
    func list() throws(ModelError) -> RepositoryListing {
        try repository.look().listing
    }

    /// Notes that what was found first is served.
    func firstLookIsLoaded() async {
        await thread.run { self.repository.remember() }
        if repository.isLookedAtTwice { _ = try? begin() }
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { tasks in
                if mode == .poll || mode == .watch && repository.watchedFolder == nil {
                    tasks.addTask { await self.poll() }
                }
                let watch = watchFolder()
                for await _ in bell {
                    while let number = nextLook() {
                        guard let failure = await look() else { break }
                        let isWell = failure.isEmpty
                        _ = state.withLock { $0.updates.looked(number, failure: isWell ? nil : failure) }
                        if isWell { tasks.addTask { await self.finish(number) } }
                    }
                }
                watch?.end()
                tasks.cancelAll()
            }
        } onGracefulShutdown: {
            self.state.withLock { $0.isEnding = true }
            self.ring.finish()
        }
    }

    /// The look that is due; `nil` when none is, or the server is ending.
    private func nextLook() -> Int? {
        state.withLock { $0.isEnding ? nil : $0.updates.running }
    }

    /// Waits until what a look found is live or has failed, and says so.
    private func finish(_ number: Int) async {
        await manager.loaded()
        guard !Task.isCancelled else { return }
        // As many as somebody would read.
        let failures = manager.faults().prefix(RepositoryKeeper.maxFailures).map { fault in
            SourceUpdateReport.Failure(
                model: fault.name.description,
                version: fault.version?.description ?? "",
                reason: fault.error.message
            )
        }
        state.withLock { $0.updates.loaded(upTo: number, failures: failures) }
        await thread.run { self.repository.remember() }
    }

    private func poll() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .nanoseconds(settings.pollInterval))
            _ = try? begin()
        }
    }

    private func watchFolder() -> FolderWatch? {
        guard mode == .watch else { return nil }
        guard let folder = repository.watchedFolder else {
            logger.warning(
                "Only folders can be watched; the source is polled",
                metadata: [LogKeys.path: "\(repository.location)"]
            )
            return nil
        }
        do throws(RuntimeFailure) {
            return try FolderWatch(folder) { [weak self] in _ = try? self?.begin() }
        } catch {
            logger.warning("The folder can't be watched", metadata: [LogKeys.reason: "\(error.message)"])
            return nil
        }
    }

    /// Looks again when what is being written now has had time to settle.
    private func lookSoon() {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        loop.scheduleTask(in: .nanoseconds(settings.settleTime)) { [weak self] in _ = try? self?.begin() }
    }

    /// Looks at the source and has the manager serve what is there.
    ///
    /// - Returns: Why it can't be looked at, empty when it can; `nil` when the server is ending.
    private func look() async -> String? {
        do throws(ModelError) {
            let look = try await look(isFirst: false)
            guard !state.withLock({ $0.isEnding }) else { return nil }
            note(failure: "")
            if mode == .explicit {
                manager.renew(look.listing)
            } else {
                manager.list(look.listing)
            }
            if look.isUnsettled { lookSoon() }
            return ""
        } catch {
            guard !state.withLock({ $0.isEnding }) else { return nil }
            note(failure: error.message)
            return error.message
        }
    }

    private func look(isFirst: Bool) async throws(ModelError) -> ModelRepository.Look {
        let outcome = await thread.run { [repository] in
            Result { () throws(ModelError) in try repository.look(isFirst: isFirst) }
        }
        return try outcome.get()
    }

    /// Says once that the source fails, and once that it's back.
    private func note(failure: String) {
        let before = state.withLock { state in
            defer { state.lastFailure = failure }
            return state.lastFailure
        }
        guard before != failure else { return }
        if failure.isEmpty {
            logger.notice("The source of models answers again", metadata: [LogKeys.path: "\(repository.location)"])
        } else {
            logger.warning(
                "The source of models can't be looked at; what is live goes on serving",
                metadata: [LogKeys.path: "\(repository.location)", LogKeys.reason: "\(failure)"]
            )
        }
    }
}
