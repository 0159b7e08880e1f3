import ApusCore
import ApusListener
import Logging
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing

@testable import ApusGRPC

/// The gRPC edge on a connection, and an HTTP/2 client with it on one thread: what is answered is answered in the call.
final class ConnectionHarness {
    /// What has come on one stream.
    struct Answer {
        var fields: [String: String] = [:]
        var bytes: [UInt8] = []
        var reset: HTTP2ErrorCode?

        /// The one message, without its prefix.
        var message: [UInt8] { Array(bytes.dropFirst(5)) }
    }

    /// No request over HTTP comes here.
    private final class NoHTTP: HTTPApplication {
        func admit(_ head: HTTPRequestHead) -> HTTPAdmission { .refuse(HTTPResponseHead(status: 404), []) }
        func respond(to: HTTPRequestHead, operation: AdmittedOperation, body: ByteBuffer, on: HTTPExchange) {}
        func answer(to fault: HTTPParsingFault) -> (HTTPResponseHead, [UInt8]) { (HTTPResponseHead(status: 400), []) }
    }

    let server = EmbeddedChannel()
    let client = EmbeddedChannel()
    let budget = ByteBudget(limit: 64 << 20)
    var answers: [Int: Answer] = [:]
    private var lastStream = -1

    init(_ fakes: FakeServer) throws {
        var configuration = fakes.configuration
        configuration.budget = budget
        let calls = GRPCCallServer(configuration)
        let channel = HTTPChannel(
            configuration: ListenerConfiguration(
                limits: configuration.limits,
                timeouts: ConnectionTimeouts(),
                budget: budget,
                maxConnections: 1
            ),
            loops: [LoopServices(eventLoop: server.eventLoop, time: SystemTime())]
        ) { _ in LoopApplications(http: NoHTTP(), grpc: calls.makeEdge()) }
        _ = try channel.setup(channel: server, logger: Logger(label: "test")).wait()
        try server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let frames = NIOHTTP2Handler(mode: .client, headerBlockValidation: .disabled)
        try client.pipeline.syncOperations.addHandler(frames)
        try client.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 2)).wait()
        try exchange()
    }

    /// Asks ModelInfer with a message in one frame.
    @discardableResult
    func ask(_ message: [UInt8], flag: UInt8 = 0, _ fields: [(String, String)] = []) throws -> Int {
        let stream = try call("/inference.GRPCInferenceService/ModelInfer", fields)
        let prefix = [flag] + ByteBuffer(integer: UInt32(message.count)).readableBytesView
        try write(stream, .data(.init(data: .byteBuffer(ByteBuffer(bytes: prefix + message)), endStream: true)))
        return stream
    }

    /// Begins a call.
    func call(_ path: String, _ fields: [(String, String)] = []) throws -> Int {
        lastStream += 2
        let head = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "a"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]
        try write(lastStream, .headers(.init(headers: HPACKHeaders(head + fields))))
        return lastStream
    }

    /// Sends a frame.
    func write(_ stream: Int, _ payload: HTTP2Frame.FramePayload) throws {
        client.writeAndFlush(HTTP2Frame(streamID: HTTP2StreamID(stream), payload: payload), promise: nil)
        try exchange()
    }

    /// Carries bytes in both directions until none are left.
    func exchange() throws {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            server.embeddedEventLoop.run()
            while case .byteBuffer(let bytes) = try server.readOutbound(as: IOData.self) {
                isQuiet = false
                try client.writeInbound(bytes)
            }
            while case .byteBuffer(let bytes) = try client.readOutbound(as: IOData.self) {
                isQuiet = false
                try server.writeInbound(bytes)
            }
            while let frame = try client.readInbound(as: HTTP2Frame.self) { note(frame) }
        }
    }

    private func note(_ frame: HTTP2Frame) {
        let number = Int(frame.streamID)
        switch frame.payload {
        case .headers(let headers):
            for (name, value, _) in headers.headers { answers[number, default: Answer()].fields[name] = value }
        case .data(let data):
            guard case .byteBuffer(let bytes) = data.data else { return }
            answers[number, default: Answer()].bytes += bytes.readableBytesView
        case .rstStream(let code): answers[number, default: Answer()].reset = code
        default: break
        }
    }

    /// Ends the test: the channels go.
    func end() {
        _ = try? server.finish(acceptAlreadyClosed: true)
        _ = try? client.finish(acceptAlreadyClosed: true)
    }
}
