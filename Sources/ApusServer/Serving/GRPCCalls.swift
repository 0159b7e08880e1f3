internal import ApusGRPC
internal import ServiceLifecycle

/// Serves gRPC's calls that don't go the direct way, for as long as the listeners may have some.
struct GRPCCalls: Service {
    private let server: GRPCCallServer

    /// Takes what the calls ask.
    init(_ configuration: GRPCEdgeConfiguration) {
        server = GRPCCallServer(configuration)
    }

    /// Makes the edge of one event loop.
    func makeEdge() -> GRPCEdge {
        server.makeEdge()
    }

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await server.serve()
        } onGracefulShutdown: {
            server.end()
        }
    }
}
