internal import ApusCore
internal import Glibc
internal import HummingbirdCore
package import Logging
package import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import Synchronization

/// Accepts connections at one address and serves HTTP on them until a graceful shutdown has drained them.
package struct HTTPListener: Service {
    /// Connections that the system accepts before the server does: the value that Linux cuts it to by default
    /// (`net.core.somaxconn`), so that a burst of new clients isn't made to wait for repeated handshakes.
    private static let backlog = 4096

    private let address: ListenerAddress
    private let channel: HTTPChannel
    private let configuration: ListenerConfiguration
    private let group: any EventLoopGroup
    private let logger: Logger
    private let onBound: @Sendable (Int) async -> Void

    /// Prepares a listener; nothing is bound before `run`.
    ///
    /// - Parameters:
    ///   - address: What to bind to.
    ///   - channel: What is put on each connection.
    ///   - configuration: Limits.
    ///   - group: The event loops.
    ///   - logger: For what concerns the listener as a whole.
    ///   - onBound: Told the port when connections are accepted; 0 for a Unix socket.
    package init(
        address: ListenerAddress,
        channel: HTTPChannel,
        configuration: ListenerConfiguration,
        group: any EventLoopGroup,
        logger: Logger,
        onBound: @escaping @Sendable (Int) async -> Void
    ) {
        self.address = address
        self.channel = channel
        self.configuration = configuration
        self.group = group
        self.logger = logger
        self.onBound = onBound
    }

    /// Serves until a graceful shutdown.
    ///
    /// - Throws: `RuntimeFailure` when the address can't be bound.
    package func run() async throws {
        switch address {
        case .port(let host, let port):
            try await serve(.hostname(host, port: port), onBound: onBound)
        case .socket(let path):
            try await serve(at: SocketFile(path: path))
        }
    }

    private func serve(at file: SocketFile) async throws {
        try await file.check(group: group)
        let bound = BoundFile()
        defer { file.remove(bound.identity) }
        defer { bound.end(nil) }
        let onBound = onBound
        try await serve(.unixDomainSocket(path: file.path)) { port in
            bound.end(file.identity)
            await onBound(port)
        }
    }

    /// What became of the file of a socket that is being bound; files that are made from now until its end are private.
    private final class BoundFile: Sendable {
        private struct State: ~Copyable {
            var mask: PrivateFiles?
            var identity: SocketFile.Identity?
        }

        private let state = Mutex(State(mask: PrivateFiles()))

        var identity: SocketFile.Identity? { state.withLock { $0.identity } }

        /// The file has been made, or won't be.
        func end(_ identity: SocketFile.Identity?) {
            state.withLock { state in
                state.mask = nil
                state.identity = state.identity ?? identity
            }
        }
    }

    private func serve(_ address: BindAddress, onBound: @escaping @Sendable (Int) async -> Void) async throws {
        // What goes wrong on one connection is the connection's to report, and a server that ends cancels them all.
        var logger = logger
        logger.logLevel = .critical
        let server = Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(
                address: address,
                backlog: HTTPListener.backlog,
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.maxConnections)
            ),
            onServerRunning: { channel in
                await onBound(channel.localAddress?.port ?? 0)
            },
            eventLoopGroup: group,
            logger: logger
        )
        do {
            try await server.run()
        } catch let error as IOError {
            throw failure(unsafe String(cString: strerror(error.errnoCode)), error)
        } catch let error as UnixDomainSocketPathWrongType {
            throw failure("the file that is there is no socket", error)
        }
    }

    private func failure(_ reason: String, _ error: any Error) -> RuntimeFailure {
        switch address {
        case .port(let host, let port):
            RuntimeFailure(
                .bind,
                "can't listen on \(host):\(port): \(reason). Is another server running there? Choose another with "
                    + "--http-port, --grpc-port, --metrics-port or --host.",
                cause: error
            )
        case .socket(let path):
            RuntimeFailure(
                .bind,
                "can't listen on \(path): \(reason). Choose another path with --control-socket.",
                cause: error
            )
        }
    }
}
