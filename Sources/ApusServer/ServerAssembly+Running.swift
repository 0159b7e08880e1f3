internal import ApusCore
internal import ApusGRPC
internal import ApusHTTP
internal import ApusListener
internal import ApusModels
internal import Logging
internal import NIOCore
internal import ServiceLifecycle

extension ServerAssembly {
    /// Where the server can be reached.
    package struct Addresses: Sendable {
        /// Host of all ports.
        package let host: String
        /// The first inference port; `nil` when it is off.
        package let httpPort: Int?
        /// The second inference port; `nil` when it is off.
        package let grpcPort: Int?
        /// The metrics port.
        package let metricsPort: Int
    }

    /// Serves until a signal or the end of the surrounding task.
    ///
    /// - Parameter onReady: Told once, when every model has come to live or failed.
    /// - Throws: When a port can't be bound or the repository can't be read.
    package func run(onReady: @escaping @Sendable (Addresses) async -> Void = { _ in }) async throws {
        var ports: Set<BoundPorts.Name> = [.metrics]
        if configuration.httpPort != nil { ports.insert(.http) }
        if configuration.grpcPort != nil { ports.insert(.grpc) }
        if !configuration.controlSocket.isEmpty { ports.insert(.control) }
        let services = try makeServices(bound: BoundPorts(ports), onReady: onReady)
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
        let calls = GRPCCalls(calls)
        var services: [any Service] = [
            IdleHousekeeping(models: ServedModels(manager: manager), memory: memory, time: SystemTime()),
            ModelsService(assembly: self, bound: bound, onReady: onReady),
            keeper,
            calls,
            makeListener(
                .port(host: configuration.host, configuration.metricsPort),
                channel: try makeChannel(edge, operations: [.metrics], calls: nil)
            ) { bound.note(.metrics, $0) },
        ]
        if !configuration.controlSocket.isEmpty {
            let (channel, calls) = try makeControlChannel()
            let listener = makeListener(.socket(path: configuration.controlSocket), channel: channel) {
                bound.note(.control, $0)
            }
            services += [calls, listener]
        }
        // One channel for both: each speaks everything.
        let inference = try makeChannel(edge, operations: ServerAssembly.inferenceOperations, calls: calls)
        if let port = configuration.httpPort {
            services.append(
                makeListener(.port(host: configuration.host, port), channel: inference) { bound.note(.http, $0) }
            )
        }
        if let port = configuration.grpcPort {
            services.append(
                makeListener(.port(host: configuration.host, port), channel: inference) { bound.note(.grpc, $0) }
            )
        }
        return ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0) },
                logger: quiet(logger)
            )
        )
    }

    private static let inferenceOperations = Operation.allCases.filter { !$0.isOnMetricsPort }

    /// What the control socket has: everything that inference ports have, and nothing closed.
    private func makeControlChannel() throws -> (HTTPChannel, GRPCCalls) {
        var edge = edge
        edge.gate = OpenGate()
        let calls = GRPCCalls(ServerAssembly.makeCalls(like: edge))
        return (try makeChannel(edge, operations: ServerAssembly.inferenceOperations, calls: calls), calls)
    }

    private func makeListener(
        _ address: ListenerAddress,
        channel: HTTPChannel,
        onBound: @escaping @Sendable (Int) -> Void
    ) -> HTTPListener {
        HTTPListener(
            address: address,
            channel: channel,
            configuration: listenerConfiguration,
            group: group,
            logger: quiet(logger),
            onBound: { onBound($0) }
        )
    }

    /// Makes what is put on the connections of a port; `calls` serves gRPC there.
    private func makeChannel(
        _ edge: HTTPEdgeConfiguration,
        operations: [Operation],
        calls: GRPCCalls?
    ) throws -> HTTPChannel {
        let edges = try makeEdges(edge, operations: operations)
        return HTTPChannel(configuration: listenerConfiguration, loops: loops) { loop in
            guard let edge = edges[ObjectIdentifier(loop)]?.value else {
                preconditionFailure("a connection came to an event loop that isn't the server's")
            }
            return LoopApplications(http: edge, grpc: calls?.makeEdge())
        }
    }

    /// Makes a port's edge for each event loop, now: a process without memory for them must not start.
    private func makeEdges(
        _ configuration: HTTPEdgeConfiguration,
        operations: [Operation]
    ) throws(RuntimeFailure) -> [ObjectIdentifier: NIOLoopBoundBox<HTTPEdge>] {
        let others = OperationRoutes(configuration: configuration, operations: operations, logger: logger)
        var edges: [ObjectIdentifier: NIOLoopBoundBox<HTTPEdge>] = [:]
        for loop in loops {
            guard let edge = HTTPEdge(configuration: configuration, operations: operations, others: others) else {
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
