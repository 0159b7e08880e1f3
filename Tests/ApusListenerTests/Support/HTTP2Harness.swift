import ApusCore
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing

@testable import ApusListener

/// A connection on an embedded channel and an HTTP/2 client on another, with a clock that stands still between them.
final class HTTP2Harness {
    /// What a client got on one stream.
    struct Answer: Equatable {
        var status = ""
        var fields: [String: String] = [:]
        var bytes: [UInt8] = []
        var trailers: [String: String] = [:]
        var hasEnded = false
        var reset: HTTP2ErrorCode?

        var body: String { String(decoding: bytes, as: UTF8.self) }
    }

    let server = EmbeddedChannel()
    let client = EmbeddedChannel()
    let loop: LoopServices
    let time = ManualTime()
    let application = FakeApplication()
    let grpc = FakeGRPCApplication()
    let budget: ByteBudget
    let outbound = RecordingOutbound()
    let work: AsyncStream<@Sendable () async -> Void>
    /// What has come on each stream.
    var answers: [Int: Answer] = [:]
    /// Numbers in GOAWAYs that came.
    var goodbyes: [(last: Int, code: HTTP2ErrorCode)] = []
    /// PINGs that came and were not answers.
    var pings = 0
    /// What the client found wrong with frames of the server's.
    private(set) var clientFaults: [String] = []
    private var lastStream = -1
    /// Whether bytes come to the server that the client's library doesn't know of: what it would say to the answers
    /// doesn't count then.
    private var isRaw = false
    private let continuation: AsyncStream<@Sendable () async -> Void>.Continuation

    init(
        limits: InputLimits = InputLimits(),
        timeouts: ConnectionTimeouts = ConnectionTimeouts(),
        budget: Int = 64 << 20,
        clientSettings: HTTP2Settings = [HTTP2Setting(parameter: .enablePush, value: 0)],
        servesCalls: Bool = true
    ) throws {
        loop = LoopServices(eventLoop: server.eventLoop, time: time)
        self.budget = ByteBudget(limit: budget)
        let configuration = ListenerConfiguration(
            limits: limits,
            timeouts: timeouts,
            budget: self.budget,
            maxConnections: 10
        )
        (work, continuation) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
        let choice = ProtocolChoice(
            configuration: configuration,
            loop: loop,
            applications: LoopApplications(http: application, grpc: servesCalls ? grpc : nil),
            work: continuation
        )
        try server.pipeline.syncOperations.addHandlers([outbound, ProtocolDetector(choice: choice)])
        try server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try client.pipeline.syncOperations.addHandler(
            NIOHTTP2Handler(mode: .client, initialSettings: clientSettings, headerBlockValidation: .disabled)
        )
        try client.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 2)).wait()
        try exchange()
    }

    /// The connection, once its protocol is known.
    var connection: HTTP2Connection {
        get throws { try server.pipeline.syncOperations.handler(type: HTTP2Connection.self) }
    }

    // MARK: The client

    /// Opens a stream with a head.
    @discardableResult
    func open(_ fields: [(String, String)], isLast: Bool = true) throws -> Int {
        lastStream += 2
        try write(lastStream, .headers(.init(headers: HPACKHeaders(fields), endStream: isLast)))
        return lastStream
    }

    /// Sends a request without a body.
    @discardableResult
    func get(_ path: String, _ fields: [(String, String)] = []) throws -> Int {
        try open(head("GET", path) + fields)
    }

    /// Sends a request with a body in one frame.
    @discardableResult
    func post(_ path: String, _ body: String, _ fields: [(String, String)] = []) throws -> Int {
        let stream = try open(head("POST", path) + fields, isLast: false)
        try send(stream, body, isLast: true)
        return stream
    }

    /// Begins a gRPC call.
    @discardableResult
    func call(_ path: String, _ fields: [(String, String)] = [], isLast: Bool = false) throws -> Int {
        let own = [("content-type", "application/grpc"), ("te", "trailers")]
        return try open(head("POST", path) + own + fields, isLast: isLast)
    }

    /// Sends data.
    func send(_ stream: Int, _ text: String, isLast: Bool = false) throws {
        try send(stream, Array(text.utf8), isLast: isLast)
    }

    /// Sends data.
    func send(_ stream: Int, _ bytes: [UInt8], isLast: Bool = false) throws {
        try write(stream, .data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: isLast)))
    }

    /// Sends a message of a call.
    func message(_ stream: Int, _ text: String, isLast: Bool = false) throws {
        try send(stream, HTTP2Harness.message(text), isLast: isLast)
    }

    /// A message with its prefix.
    static func message(_ text: String, flag: UInt8 = 0) -> [UInt8] {
        let count = UInt32(text.utf8.count)
        return [flag] + ByteBuffer(integer: count).readableBytesView + Array(text.utf8)
    }

    /// Sends a frame.
    func write(_ stream: Int, _ payload: HTTP2Frame.FramePayload) throws {
        client.writeAndFlush(HTTP2Frame(streamID: HTTP2StreamID(stream), payload: payload), promise: nil)
        try exchange()
    }

    /// Resets a stream.
    func reset(_ stream: Int, _ code: HTTP2ErrorCode = .cancel) throws {
        try write(stream, .rstStream(code))
    }

    /// Lets the server send more.
    func open(window increment: Int, of stream: Int) throws {
        try write(stream, .windowUpdate(windowSizeIncrement: increment))
    }

    /// Bytes come to the server that the client's library would not send.
    func sendRaw(_ bytes: [UInt8]) throws {
        isRaw = true
        try server.writeInbound(ByteBuffer(bytes: bytes))
        try exchange()
    }

    private func head(_ method: String, _ path: String) -> [(String, String)] {
        [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a")]
    }

    // MARK: Time and the wire

    /// Carries bytes in both directions until none are left.
    func exchange() throws {
        for _ in 0..<10_000 {
            server.embeddedEventLoop.run()
            server.embeddedEventLoop.advanceTime(by: .microseconds(10))
            var isQuiet = true
            while let data = try server.readOutbound(as: IOData.self) {
                guard case .byteBuffer(let bytes) = data, bytes.readableBytes > 0 else { continue }
                isQuiet = false
                if isRaw { noteGoodbyes(bytes) } else { hand(bytes) }
            }
            while let data = try client.readOutbound(as: IOData.self) {
                guard case .byteBuffer(let bytes) = data else { continue }
                isQuiet = false
                _ = try? server.writeInbound(bytes)
            }
            while let frame = try client.readInbound(as: HTTP2Frame.self) { note(frame) }
            if isQuiet { return }
        }
        Issue.record("the connection never comes to rest")
    }

    /// Gives the client what the server has sent; it says what is wrong with it.
    private func hand(_ bytes: ByteBuffer) {
        do {
            try client.writeInbound(bytes)
        } catch {
            clientFaults.append("\(error)")
        }
    }

    /// Finds GOAWAYs among frames.
    private func noteGoodbyes(_ bytes: ByteBuffer) {
        var bytes = bytes
        while let head = bytes.readBytes(length: 9),
            let payload = bytes.readBytes(length: Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2]))
        {
            guard head[3] == 7, payload.count >= 8 else { continue }
            let numbers = [payload[0..<4], payload[4..<8]].map { $0.reduce(0) { $0 << 8 | Int($1) } }
            goodbyes.append((numbers[0], HTTP2ErrorCode(networkCode: numbers[1])))
        }
    }

    private func note(_ frame: HTTP2Frame) {
        let number = Int(frame.streamID)
        switch frame.payload {
        case .headers(let headers):
            let fields = Dictionary(headers.headers.map { ($0.name, $0.value) }) { $1 }
            if let status = fields[":status"] {
                answers[number, default: Answer()].status = status
                answers[number]?.fields = fields
            } else {
                answers[number, default: Answer()].trailers = fields
            }
            answers[number]?.hasEnded = headers.endStream
        case .data(let data):
            guard case .byteBuffer(let bytes) = data.data else { return }
            answers[number, default: Answer()].bytes += bytes.readableBytesView
            answers[number]?.hasEnded = data.endStream
        case .rstStream(let code): answers[number, default: Answer()].reset = code
        case .goAway(let last, let code, _): goodbyes.append((Int(last), code))
        case .ping(_, ack: false): pings += 1
        default: break
        }
    }

    /// Time passes and the loop looks after its connections.
    func pass(milliseconds: Int64) throws {
        time.advance(milliseconds: milliseconds)
        try connection.tick(now: time.now)
        try exchange()
    }

    /// A drain begins; the client doesn't hear of it before `exchange`.
    func drain() {
        loop.drain()
        server.embeddedEventLoop.run()
    }

    /// Whether the server has closed its sending side or everything.
    var hasClosed: Bool { !outbound.closes.isEmpty }

    /// Ends the test: the channels go.
    func end() {
        _ = try? server.finish(acceptAlreadyClosed: true)
        _ = try? client.finish(acceptAlreadyClosed: true)
    }
}
