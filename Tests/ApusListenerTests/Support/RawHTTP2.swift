import ApusCore
import NIOCore
import NIOEmbedded

@testable import ApusListener

/// A connection on an embedded channel whose client is the test itself: bytes in, frames out.
final class RawHTTP2 {
    /// A frame as it stands on the wire.
    struct Frame: Equatable {
        var type: UInt8
        var flags: UInt8 = 0
        var stream: Int
        var payload: [UInt8] = []

        var bytes: [UInt8] {
            let length = payload.count
            let head = [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff), type, flags]
            return head + ByteBuffer(integer: UInt32(truncatingIfNeeded: stream)).readableBytesView + payload
        }
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// `GET /` with authority `a`: three fields of HPACK's static table and one literal.
    static let getHead: [UInt8] = [0x82, 0x86, 0x84, 0x01, 0x01, 0x61]
    /// The same with `POST`.
    static let postHead: [UInt8] = [0x83, 0x86, 0x84, 0x01, 0x01, 0x61]

    let channel = EmbeddedChannel()
    let time = ManualTime()
    let application = FakeApplication()
    let grpc = FakeGRPCApplication()
    let budget = ByteBudget(limit: 64 << 20)
    let outbound = RecordingOutbound()
    let loop: LoopServices
    /// Everything that has come from the server.
    private(set) var frames: [Frame] = []
    private var unread: [UInt8] = []

    init(limits: InputLimits = InputLimits(), begins: Bool = true) throws {
        loop = LoopServices(eventLoop: channel.eventLoop, time: time)
        let configuration = ListenerConfiguration(
            limits: limits,
            timeouts: ConnectionTimeouts(),
            budget: budget,
            maxConnections: 1
        )
        let (_, continuation) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
        let choice = ProtocolChoice(
            configuration: configuration,
            loop: loop,
            applications: LoopApplications(http: application, grpc: grpc),
            work: continuation
        )
        try channel.pipeline.syncOperations.addHandlers([outbound, ProtocolDetector(choice: choice)])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        guard begins else { return }
        send(RawHTTP2.preface)
        send([Frame(type: 4, stream: 0)])
    }

    var connection: HTTP2Connection {
        get throws { try channel.pipeline.syncOperations.handler(type: HTTP2Connection.self) }
    }

    func send(_ frames: [Frame]) { send(frames.flatMap(\.bytes)) }

    func send(_ bytes: [UInt8]) {
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        run()
    }

    /// Lets the loop do what it has to do.
    func run() {
        for _ in 0..<20 {
            channel.embeddedEventLoop.run()
            channel.embeddedEventLoop.advanceTime(by: .microseconds(10))
        }
        while let data = try? channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let bytes) = data { unread += bytes.readableBytesView }
        }
        while unread.count >= 9 {
            let length = Int(unread[0]) << 16 | Int(unread[1]) << 8 | Int(unread[2])
            guard unread.count >= 9 + length else { return }
            let stream = unread[5..<9].reduce(0) { $0 << 8 | Int($1) }
            frames.append(
                Frame(type: unread[3], flags: unread[4], stream: stream, payload: Array(unread[9..<9 + length]))
            )
            unread.removeFirst(9 + length)
        }
    }

    /// The code of the GOAWAY that ended the connection.
    var goodbye: HTTP2Reason? {
        frames.last { $0.type == 7 }.flatMap { RawHTTP2.code($0.payload.suffix(4)) }
    }

    /// The code with which a stream was reset.
    func reset(_ stream: Int) -> HTTP2Reason? {
        frames.first { $0.type == 3 && $0.stream == stream }.flatMap { RawHTTP2.code($0.payload[...]) }
    }

    private static func code(_ bytes: ArraySlice<UInt8>) -> HTTP2Reason? {
        HTTP2Reason(rawValue: bytes.reduce(0) { $0 << 8 | UInt32($1) })
    }

    var hasClosed: Bool { !outbound.closes.isEmpty }

    func end() {
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }
}
