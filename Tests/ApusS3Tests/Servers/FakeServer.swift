import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A request as the fake server has it.
struct FakeRequest: Sendable {
    let method: String
    /// Path and query as they came.
    let target: String
    let fields: HTTPHeaders
    let body: [UInt8]

    /// The first value of a field.
    subscript(name: String) -> String? { fields.first(name: name) }

    var path: String { String(target.prefix { $0 != "?" }) }
    var query: String { String(target.drop { $0 != "?" }.dropFirst()) }
}

/// What the fake server answers, and how it misbehaves.
struct FakeAnswer: Sendable {
    var status = 200
    var fields: [(String, String)] = []
    var body: [UInt8] = []
    /// Closes the connection after so many bytes of the body.
    var cutAfter: Int?
    /// Closes the connection before anything of the answer.
    var closesAtOnce = false
    /// Says this length instead of the real one.
    var claimedLength: Int?
    /// Closes the connection after the answer, without having said so.
    var closesAfter = false
    /// Never ends.
    var isEndless = false
}

/// An HTTP server on loopback that answers as a closure says, and counts.
final class FakeServer: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    private let counter: Counter

    init(_ answer: @escaping @Sendable (FakeRequest) -> FakeAnswer) throws {
        let counter = Counter()
        self.counter = counter
        channel = try ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(FakeHandler(answer: answer, counter: counter))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .wait()
    }

    /// The port.
    var port: Int { channel.localAddress?.port ?? 0 }
    /// `http://127.0.0.1:port`.
    var url: String { "http://127.0.0.1:\(port)" }
    /// How many connections came.
    var connections: Int { counter.connections.withLock { $0 } }

    deinit {
        try? channel.close().wait()
        group.shutdownGracefully { _ in }
    }
}

final class Counter: Sendable {
    let connections = Mutex(0)
}

private final class FakeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (FakeRequest) -> FakeAnswer
    private let counter: Counter
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(answer: @escaping @Sendable (FakeRequest) -> FakeAnswer, counter: Counter) {
        self.answer = answer
        self.counter = counter
    }

    func channelActive(context: ChannelHandlerContext) {
        counter.connections.withLock { $0 += 1 }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let bytes): body += bytes.readableBytesView
        case .end:
            guard let head else { return }
            let request = FakeRequest(method: head.method.rawValue, target: head.uri, fields: head.headers, body: body)
            write(answer(request), to: request, context: context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func write(_ answer: FakeAnswer, to request: FakeRequest, context: ChannelHandlerContext) {
        guard !answer.closesAtOnce else { return context.close(promise: nil) }
        var fields = HTTPHeaders(answer.fields)
        if !fields.contains(name: "content-length"), !fields.contains(name: "transfer-encoding"), answer.status != 204 {
            fields.add(name: "content-length", value: "\(answer.claimedLength ?? answer.body.count)")
        }
        let status = HTTPResponseStatus(statusCode: answer.status)
        context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: fields))), promise: nil)
        let sent = answer.body.prefix(answer.cutAfter ?? answer.body.count)
        if request.method != "HEAD", !sent.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: sent)))), promise: nil)
        }
        context.flush()
        if answer.isEndless { return }
        if answer.cutAfter != nil { return context.close(promise: nil) }
        let ended = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: ended)
        if answer.closesAfter {
            let channel = context.channel
            ended.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
    }
}
