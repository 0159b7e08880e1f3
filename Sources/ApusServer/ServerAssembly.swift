internal import ApusCore
internal import ApusGRPC
internal import ApusHTTP
internal import ApusListener
internal import ApusModels
internal import ApusScheduling
internal import ApusTelemetry
internal import CLinux
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// Puts the server together: one place where every part meets the others.
package struct ServerAssembly {
    /// The version in metadata, `--version` and metrics.
    package static let version = "0.1.0"

    let configuration: ServerConfiguration
    let logger: Logger
    let destination: LogDestination
    let engines: EngineSet
    let group: MultiThreadedEventLoopGroup
    let loops: [LoopServices]
    let cache: ResponseCache
    let memory = UnloadedMemory(time: SystemTime())
    let manager: ModelManager<LoadedModel>
    let keeper: RepositoryKeeper
    let health: ServerHealth
    let listenerConfiguration: ListenerConfiguration
    let edge: HTTPEdgeConfiguration
    let calls: GRPCEdgeConfiguration
    let observer: AnswerObserver

    /// Makes all parts; nothing is bound and no model loaded before `run`.
    ///
    /// - Throws: When the log file can't be opened or the system has no threads.
    package init(_ configuration: ServerConfiguration) throws {
        ServerAssembly.prepareProcess()
        self.configuration = configuration
        self.destination = try ServerAssembly.makeDestination(configuration)
        let logSwitch = LogSwitch(level: configuration.logLevel, format: configuration.logFormat)
        let handler = ApusLogHandler(destination: destination, logSwitch: logSwitch)
        self.logger = Logger(label: "apus") { _ in handler }
        let cores = configuration.cpuBudget > 0 ? configuration.cpuBudget : CPUBudget.cores()
        self.engines = EngineSet(
            path: configuration.enginePath,
            executableFolder: ExecutableFolder.path,
            threadCount: cores,
            logger: logger
        )
        self.group = MultiThreadedEventLoopGroup(numberOfThreads: cores)
        self.loops = group.makeIterator().map { LoopServices(eventLoop: $0, time: SystemTime()) }
        self.cache = ResponseCache(byteLimit: configuration.responseCacheBytes)
        self.listenerConfiguration = ServerAssembly.makeListenerConfiguration(configuration)
        let pool = try EngineThreadPool(threadCount: cores)
        self.manager = try ServerAssembly.makeManager(
            configuration,
            engines: engines,
            pool: pool,
            cache: cache,
            budget: listenerConfiguration.budget,
            observer: LoadingLog(logger: logger, memory: memory)
        )
        let repository = try ModelRepository(
            configuration,
            modelFilenames: engines.modelFilenames,
            time: SystemTime(),
            logger: logger
        )
        self.keeper = RepositoryKeeper(
            repository,
            manager: manager,
            mode: configuration.controlMode,
            settings: configuration.store,
            logger: logger
        )
        self.health = ServerHealth(manager: manager, isStrict: configuration.isReadinessStrict)
        let accessLog = AccessLog(
            mode: configuration.accessLog,
            format: configuration.logFormat,
            destination: destination
        )
        self.observer = AnswerObserver(accessLog: accessLog)
        var edge = ServerAssembly.makeEdge(
            configuration,
            models: ServedModels(manager: manager),
            health: health,
            observer: observer,
            gauges: ServerAssembly.gauges(loops: loops, cache: cache, observer: observer, destination: destination)
        )
        edge.budget = listenerConfiguration.budget
        edge.work = BackgroundWork(pool: pool)
        edge.take(
            ControlServices(
                configuration,
                manager: manager,
                engines: engines,
                keeper: keeper,
                logSwitch: logSwitch
            )
        )
        edge.updates = keeper
        edge.records = RepositoryRecords(repository: repository) { [manager] in manager.index() }
        self.edge = edge
        self.calls = ServerAssembly.makeCalls(like: edge)
    }

    /// Sets what the process as a whole has of limits and manners.
    private static func prepareProcess() {
        _ = CLinux_ignoreSIGPIPE()
        _ = CLinux_raiseFileLimit()
        // glibc's default is eight for each core, and each keeps what was freed in it. Tensors and bodies are too large for
        // arenas, small objects hit their thread's own cache first; two keep event loops and engine threads apart.
        _ = CLinux_setMallocArenas(2)
    }

    private static func makeListenerConfiguration(_ configuration: ServerConfiguration) -> ListenerConfiguration {
        var listener = ListenerConfiguration(
            limits: configuration.limits,
            timeouts: configuration.timeouts,
            budget: ByteBudget(limit: configuration.inFlightBytes),
            maxConnections: configuration.maxConnections
        )
        listener.maxPipelinedBytes = min(listener.maxPipelinedBytes, configuration.limits.maxBodyBytes)
        return listener
    }

    private static func makeDestination(_ configuration: ServerConfiguration) throws -> LogDestination {
        configuration.logFile.isEmpty ? .standardError() : try LogDestination.file(configuration.logFile)
    }

    private static func makeManager(
        _ configuration: ServerConfiguration,
        engines: EngineSet,
        pool: EngineThreadPool,
        cache: ResponseCache,
        budget: ByteBudget,
        observer: LoadingLog
    ) throws(RuntimeFailure) -> ModelManager<LoadedModel> {
        let directory = MemberDirectory()
        let loader = SchedulerLoader(
            engines: engines,
            pool: pool,
            time: SystemTime(),
            defaultInstances: pool.threadCount,
            allowsInlineRuns: configuration.allowsInlineRuns,
            cache: cache,
            logger: observer.logger,
            directory: directory,
            budget: budget
        )
        var settings = ModelManager<LoadedModel>.Configuration()
        settings.loadingThreads = configuration.loadingThreads
        let manager = try ModelManager(loader: loader, observer: observer, configuration: settings)
        directory.connect(manager)
        return manager
    }

    private static func makeEdge(
        _ configuration: ServerConfiguration,
        models: ServedModels,
        health: ServerHealth,
        observer: AnswerObserver,
        gauges: @escaping @Sendable () -> ServerGauges
    ) -> HTTPEdgeConfiguration {
        var edge = HTTPEdgeConfiguration(
            models: (models, models, models),
            health: health,
            gate: OpenGate(),
            observer: observer,
            time: SystemTime(),
            limits: configuration.limits
        )
        let exposition = MetricsExposition(
            statistics: models,
            health: health,
            build: ["version": version],
            gauges: gauges
        )
        edge.renderMetrics = { exposition.render() }
        edge.compressionFloor = configuration.compressionFloor
        edge.defaultModel = configuration.defaultModel
        edge.hosts = [configuration.host]
        edge.server = (configuration.serverID, version)
        return edge
    }

    /// What gRPC calls: the same that HTTP does.
    static func makeCalls(like edge: HTTPEdgeConfiguration) -> GRPCEdgeConfiguration {
        var calls = GRPCEdgeConfiguration(
            models: (edge.service, edge.repository, edge.statistics),
            health: edge.health,
            gate: edge.gate,
            observer: edge.observer,
            time: edge.time,
            limits: edge.limits
        )
        calls.budget = edge.budget
        calls.server = edge.server
        calls.extensions = edge.extensions
        calls.control = edge.control
        calls.sharedMemory = edge.sharedMemory
        calls.settings = edge.settings
        return calls
    }

    private static func gauges(
        loops: [LoopServices],
        cache: ResponseCache,
        observer: AnswerObserver,
        destination: LogDestination
    ) -> @Sendable () -> ServerGauges {
        {
            var gauges = ServerGauges()
            gauges.connections = loops.reduce(0) { $0 + $1.connectionCount }
            gauges.responses = observer.responses
            gauges.logLinesLost = destination.linesLost
            gauges.responseCache = cache.usage.map { ($0.answers, $0.byteCount, $0.byteLimit) }
            return gauges
        }
    }
}
