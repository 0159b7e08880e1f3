internal import ApusCore
internal import GRPCCore

/// The services of grpc-swift on our own connections: everything but ModelInfer.
package final class GRPCCallServer: Sendable {
    private let configuration: GRPCEdgeConfiguration
    private let transport = ConnectionTransport()
    private let server: GRPCServer<ConnectionTransport>

    /// Registers all services.
    package init(_ configuration: GRPCEdgeConfiguration) {
        self.configuration = configuration
        self.server = GRPCServer(transport: transport, services: [GRPCServices(configuration)])
    }

    /// Makes the edge of one event loop.
    package func makeEdge() -> GRPCEdge {
        GRPCEdge(configuration: configuration, transport: transport)
    }

    /// Serves calls until `end`.
    ///
    /// - Throws: When it was started twice.
    package func serve() async throws {
        try await server.serve()
    }

    /// Takes no more calls.
    package func end() {
        server.beginGracefulShutdown()
    }
}
