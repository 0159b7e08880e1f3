internal import ApusCore
internal import ApusListener
internal import GRPCCore
internal import NIOCore
internal import Synchronization

/// One call that grpc-swift serves: messages go from the event loop to the task that serves it, and back.
///
/// Backpressure is the connection's: a message counts until the task has taken it, and a client that has sent enough of
/// them gets no more window; a write waits until the client takes bytes.
final class TransportCall: GRPCStreamHandler, Sendable {
    private struct State {
        var isClosed = false
        var cancellation: ServerContext.RPCCancellationHandle?
    }

    let call: GRPCCall
    private let coding: GRPCRequestHead.Coding
    private let services: CallServices
    private let parts: AsyncThrowingStream<Parts.Arrived, any Error>
    private let continuation: AsyncThrowingStream<Parts.Arrived, any Error>.Continuation
    private let state = Mutex(State())

    init(call: GRPCCall, coding: GRPCRequestHead.Coding, services: CallServices) {
        self.call = call
        self.coding = coding
        self.services = services
        (parts, continuation) = AsyncThrowingStream.makeStream()
    }

    /// What the task reads: the metadata, then messages.
    func inbound(metadata: Metadata) -> Parts {
        continuation.yield(Parts.Arrived(part: .metadata(metadata)))
        return Parts(base: parts, call: call)
    }

    // MARK: From the event loop

    func receive(_ message: GRPCMessage) {
        do throws(InferenceError) {
            var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: services.budget)
            let plain = try message.plain(coding: coding, limits: services.configuration.limits, memory: &memory)
            var arrived = Parts.Arrived(part: .message(MessageBytes(plain)), byteCount: message.bytes.readableBytes)
            if let charge = memory.takeCharge() { arrived.charge = HandOver(charge) }
            continuation.yield(arrived)
        } catch {
            call.finish(GRPCStatusTable.status(of: error))
        }
    }

    func receiveEnd() {
        continuation.finish()
    }

    func close() {
        let cancellation = state.withLock { state in
            state.isClosed = true
            return state.cancellation
        }
        cancellation?.cancel()
        continuation.finish(throwing: RPCError(code: .cancelled, message: "the client has gone"))
    }

    // MARK: From the task

    /// Has the handler told when the call is over before it has ended it.
    func cancelWhenClosed(_ cancellation: ServerContext.RPCCancellationHandle) {
        let isClosed = state.withLock { state in
            state.cancellation = cancellation
            return state.isClosed
        }
        if isClosed { cancellation.cancel() }
    }

    /// Nobody serves the call any more.
    func servingEnded() {
        call.loop.eventLoop.execute {
            // A server that has stopped, or not started, leaves a call without its status.
            guard self.call.fate == .sent else { return }
            self.call.finish(GRPCStatus(.unavailable, "the server is not ready for this call; try again later"))
        }
    }

    /// Sends a message and waits until the client takes more.
    ///
    /// - Throws: `RPCError` when nobody waits any more.
    func send(_ message: MessageBytes) async throws {
        let fate = await withCheckedContinuation { (continuation: CheckedContinuation<HTTPAnswerFate, Never>) in
            call.loop.eventLoop.execute { [call] in
                var body = call.makeBody()
                body.buffer.writeImmutableBuffer(message.buffer)
                let fate = call.send(body)
                guard fate == .sent, call.demand == 0 else { return continuation.resume(returning: fate) }
                call.whenDemanded { continuation.resume(returning: .sent) }
            }
        }
        guard fate == .sent else { throw RPCError(code: .cancelled, message: "the client has gone") }
    }

    /// Runs something on the event loop.
    func onLoop(_ body: @escaping @Sendable (GRPCCall) -> Void) {
        call.loop.eventLoop.execute { [call] in body(call) }
    }
}

/// The parts of a request as the task reads them; each message that it takes lets the client send more.
struct Parts: AsyncSequence, Sendable {
    typealias Element = RPCRequestPart<MessageBytes>

    /// A part that has come.
    struct Arrived: Sendable {
        let part: Element
        /// The bytes of it that count at the connection; `nil` for metadata.
        var byteCount: Int?
        /// What it takes besides when it was compressed; given back with the part.
        var charge: HandOver<ByteCharge>?
    }

    let base: AsyncThrowingStream<Arrived, any Error>
    let call: GRPCCall

    /// Reads them.
    struct Iterator: AsyncIteratorProtocol {
        var base: AsyncThrowingStream<Arrived, any Error>.Iterator
        let call: GRPCCall

        mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws -> Element? {
            guard let arrived = try await base.next(isolation: actor) else { return nil }
            if let count = arrived.byteCount {
                call.loop.eventLoop.execute { [call] in call.taken(count) }
            }
            return arrived.part
        }
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), call: call)
    }
}

/// Writes the parts of an answer.
struct TransportWriter: ClosableRPCWriterProtocol {
    let call: TransportCall

    func write(_ part: RPCResponsePart<MessageBytes>) async throws {
        switch part {
        case .metadata(let metadata):
            let fields = metadata.fields
            call.onLoop { $0.sendHead(fields) }
        case .message(let message):
            try await call.send(message)
        case .status(let status, let metadata):
            var end = GRPCStatus(GRPCStatus.Code(rawValue: status.code.rawValue) ?? .unknown, status.message)
            end.fields = metadata.fields
            let result = end
            call.onLoop { _ = $0.finish(result) }
        }
    }

    func write(contentsOf parts: some Sequence<RPCResponsePart<MessageBytes>>) async throws {
        for part in parts { try await write(part) }
    }

    func finish() async {}

    func finish(throwing error: any Error) async {
        let end = (error as? RPCError).map { error in
            GRPCStatus(GRPCStatus.Code(rawValue: error.code.rawValue) ?? .unknown, error.message)
        }
        call.onLoop { _ = $0.finish(end ?? GRPCStatus(.unknown, "")) }
    }
}

extension Metadata {
    /// The fields as HTTP/2 has them; those that HTTP/2 or gRPC itself writes, and those that can't be written, left out.
    fileprivate var fields: [(name: String, value: String)] {
        compactMap { key, value in
            let name = key.lowercased()
            let text = value.encoded()
            let isName =
                !name.isEmpty
                && name.utf8.allSatisfy { byte in
                    (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || [0x2d, 0x2e, 0x5f].contains(byte)
                }
            guard isName, !name.hasPrefix("grpc-") || name == "grpc-status-details-bin",
                text.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
            else { return nil }
            return (name, text)
        }
    }
}
