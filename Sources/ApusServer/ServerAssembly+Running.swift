internal import ApusCore
internal import ApusHTTP
internal import ApusListener
internal import ApusModels
internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import UnixSignals

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
        let bound = BoundPorts()
        for loop in loops { loop.start() }
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: IdleHousekeeping(observer: observer)),
                    .init(service: ModelsService(assembly: self, bound: bound, onReady: onReady)),
                    .init(
                        service: makeListener(port: configuration.metricsPort, operations: [.metrics]) {
                            bound.note(metrics: $0)
                        }
                    ),
                    .init(
                        service: makeListener(
                            port: configuration.httpPort,
                            operations: Operation.allCases.filter { !$0.isOnMetricsPort }
                        ) {
                            bound.note(http: $0)
                        }
                    ),
                ],
                logger: quiet(logger)
            )
        )
        let shutdown = Shutdown(assembly: self, services: services)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await shutdown.watchSignals() }
            tasks.addTask { try await services.run() }
            // The first to end is the service group, or a signal loop that was cancelled with everything else.
            do {
                try await tasks.next()
                tasks.cancelAll()
            } catch {
                tasks.cancelAll()
                throw error
            }
        }
        for loop in loops { loop.stop() }
        try? await group.shutdownGracefully()
        logger.info("The server has stopped")
    }

    private func makeListener(
        port: Int,
        operations: [Operation],
        onBound: @escaping @Sendable (Int) -> Void
    ) -> HTTPListener {
        let edge = edge
        let others = OperationRoutes(configuration: edge, operations: operations, logger: logger)
        let channel = HTTP1Channel(configuration: listenerConfiguration, loops: loops) { _ in
            guard let application = HTTPEdge(configuration: edge, operations: operations, others: others) else {
                preconditionFailure("no memory at start")
            }
            return application
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

    /// Libraries log what only their authors need; their warnings still come through.
    private func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }
}
