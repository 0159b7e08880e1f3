internal import ApusCore
internal import ApusListener
internal import GRPCCore
internal import Synchronization

/// grpc-swift's services on our own connections: its server asks for streams, and gets the calls that come to the HTTP/2
/// connections of the listener.
///
/// It listens on nothing itself. A call lives in its connection's task group; `listen` only hands over what serves it.
final class ConnectionTransport: ServerTransport {
    typealias Bytes = MessageBytes

    typealias Serve =
        @concurrent @Sendable (
            _ stream: RPCStream<Inbound, Outbound>,
            _ context: ServerContext
        ) async -> Void

    private struct State {
        var methods: [String: MethodDescriptor] = [:]
        var serve: Serve?
    }

    private let state = Mutex(State())
    private let end: AsyncStream<Never>
    private let ending: AsyncStream<Never>.Continuation

    /// Makes the transport; one serves all ports.
    init() {
        (end, ending) = AsyncStream.makeStream()
    }

    func configure(context: GRPCServerContext) {
        let methods = Dictionary(context.methods.map { ("/\($0.fullyQualifiedMethod)", $0) }) { $1 }
        state.withLock { $0.methods = methods }
    }

    func listen(
        streamHandler:
            @escaping @concurrent @Sendable (
                _ stream: RPCStream<Inbound, Outbound>,
                _ context: ServerContext
            ) async -> Void
    ) async throws {
        state.withLock { $0.serve = streamHandler }
        // Calls that are open go on: their connections end when they have.
        for await _ in end {}
    }

    func beginGracefulShutdown() {
        ending.finish()
    }

    /// Whether calls are served already.
    var isServing: Bool { state.withLock { $0.serve != nil } }

    /// The method of a path; `nil` when no service has it, or none has been registered yet.
    func method(_ path: String) -> MethodDescriptor? {
        state.withLock { $0.methods[path] }
    }

    /// Opens a stream for a call whose head has come, and has it served in its connection's task group.
    func open(
        _ method: MethodDescriptor,
        head: GRPCRequestHead,
        call: GRPCCall,
        services: CallServices
    ) -> TransportCall {
        let serve = state.withLock { $0.serve }
        let open = TransportCall(call: call, coding: head.coding, services: services)
        let inbound = RPCAsyncSequence(wrapping: open.inbound(metadata: Metadata(head)))
        let outbound = RPCWriter.Closable(wrapping: TransportWriter(call: open))
        let stream = RPCStream(descriptor: method, inbound: inbound, outbound: outbound)
        call.perform {
            await withServerContextRPCCancellationHandle { cancellation in
                open.cancelWhenClosed(cancellation)
                let context = ServerContext(
                    descriptor: method,
                    remotePeer: "unknown",
                    localPeer: "unknown",
                    cancellation: cancellation
                )
                await serve?(stream, context)
                open.servingEnded()
            }
        }
        return open
    }
}

extension Metadata {
    /// The fields of a call's head that are its caller's own.
    init(_ head: GRPCRequestHead) {
        self.init()
        // What comes as text stays text: grpc-swift decodes values of names in -bin when they are read.
        head.forEachField { addString($1, forKey: $0) }
    }
}
