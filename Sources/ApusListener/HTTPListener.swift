internal import ApusCore
internal import Glibc
internal import HummingbirdCore
package import Logging
package import NIOCore
internal import ServiceLifecycle

/// Accepts connections at one address and serves HTTP on them until a graceful shutdown has drained them.
package struct HTTPListener: Service {
    /// Connections that the system accepts before the server does: the value that Linux cuts it to by default
    /// (`net.core.somaxconn`), so that a burst of new clients isn't made to wait for repeated handshakes.
    private static let backlog = 4096

    private let host: String
    private let port: Int
    private let channel: HTTPChannel
    private let configuration: ListenerConfiguration
    private let group: any EventLoopGroup
    private let logger: Logger
    private let onBound: @Sendable (Int) async -> Void

    /// Prepares a listener; nothing is bound before `run`.
    ///
    /// - Parameters:
    ///   - host: Name or address to bind to.
    ///   - port: Port to bind to; 0 for any free one.
    ///   - channel: What is put on each connection.
    ///   - configuration: Limits.
    ///   - group: The event loops.
    ///   - logger: For what concerns the listener as a whole.
    ///   - onBound: Told the port when connections are accepted.
    package init(
        host: String,
        port: Int,
        channel: HTTPChannel,
        configuration: ListenerConfiguration,
        group: any EventLoopGroup,
        logger: Logger,
        onBound: @escaping @Sendable (Int) async -> Void
    ) {
        self.host = host
        self.port = port
        self.channel = channel
        self.configuration = configuration
        self.group = group
        self.logger = logger
        self.onBound = onBound
    }

    package func run() async throws {
        let onBound = onBound
        let port = port
        // What goes wrong on one connection is the connection's to report, and a server that ends cancels them all.
        var logger = logger
        logger.logLevel = .critical
        let server = Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(
                address: .hostname(host, port: port),
                backlog: HTTPListener.backlog,
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.maxConnections)
            ),
            onServerRunning: { channel in
                await onBound(channel.localAddress?.port ?? port)
            },
            eventLoopGroup: group,
            logger: logger
        )
        do {
            try await server.run()
        } catch let error as IOError {
            throw RuntimeFailure(
                .bind,
                "can't listen on \(host):\(port): \(unsafe String(cString: strerror(error.errnoCode))). Is another server "
                    + "running there? Choose another with --http-port, --grpc-port, --metrics-port or --host.",
                cause: error
            )
        }
    }
}
