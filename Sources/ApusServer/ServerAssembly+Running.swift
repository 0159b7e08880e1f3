internal import ApusCore
internal import ApusHTTP
internal import ApusListener
internal import ApusModels
internal import Logging
internal import NIOCore
internal import ServiceLifecycle

extension ServerAssembly {
    /// Where the server can be reached.
    package struct Addresses: Sendable {
        /// Host of both ports.
        package let host: String
        /// The inference port.
        package let httpPort: Int
        /// The metrics port.
        package let metricsPort: Int
    }

    /// Serves until a signal or the end of the surrounding task.
    ///
    /// - Parameter onReady: Told once, when every model has come to live or failed.
    /// - Throws: When a port can't be bound or the repository can't be read.
    package func run(onReady: @escaping @Sendable (Addresses) async -> Void = { _ in }) async throws {
        let services = try makeServices(bound: BoundPorts(), onReady: onReady)
        for loop in loops { loop.start() }
        try await Shutdown(assembly: self, services: services).run()
        for loop in loops { loop.stop() }
        try? await group.shutdownGracefully()
        logger.info("The server has stopped")
    }

    /// Everything that runs as long as the server does; the group ends them in the order from the last to the first.
    private func makeServices(
        bound: BoundPorts,
        onReady: @escaping @Sendable (Addresses) async -> Void
    ) throws -> ServiceGroup {
        let metrics = try makeListener(port: configuration.metricsPort, operations: [.metrics]) {
            bound.note(metrics: $0)
        }
        let inference = try makeListener(
            port: configuration.httpPort,
            operations: Operation.allCases.filter { !$0.isOnMetricsPort }
        ) {
            bound.note(http: $0)
        }
        return ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: IdleHousekeeping(models: ServedModels(manager: manager), time: SystemTime())),
                    .init(service: ModelsService(assembly: self, bound: bound, onReady: onReady)),
                    .init(service: metrics),
                    .init(service: inference),
                ],
                logger: quiet(logger)
            )
        )
    }

    private func makeListener(
        port: Int,
        operations: [Operation],
        onBound: @escaping @Sendable (Int) -> Void
    ) throws -> HTTPListener {
        let edges = try makeEdges(operations: operations)
        let channel = HTTPChannel(configuration: listenerConfiguration, loops: loops) { loop in
            guard let edge = edges[ObjectIdentifier(loop)]?.value else {
                preconditionFailure("a connection came to an event loop that isn't the server's")
            }
            return LoopApplications(http: edge)
        }
        return HTTPListener(
            host: configuration.host,
            port: port,
            channel: channel,
            configuration: listenerConfiguration,
            group: group,
            logger: quiet(logger),
            onBound: { onBound($0) }
        )
    }

    /// Makes a port's edge for each event loop, now: a process without memory for them must not start.
    private func makeEdges(
        operations: [Operation]
    ) throws(RuntimeFailure) -> [ObjectIdentifier: NIOLoopBoundBox<HTTPEdge>] {
        let others = OperationRoutes(configuration: edge, operations: operations, logger: logger)
        var edges: [ObjectIdentifier: NIOLoopBoundBox<HTTPEdge>] = [:]
        for loop in loops {
            guard let edge = HTTPEdge(configuration: edge, operations: operations, others: others) else {
                throw RuntimeFailure(.resource, "there is no memory for what reads requests")
            }
            edges[ObjectIdentifier(loop)] = NIOLoopBoundBox.makeBoxSendingValue(edge, eventLoop: loop.eventLoop)
        }
        return edges
    }

    /// Libraries log what only their authors need; their warnings still come through.
    private func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }
}
