import NIOCore
import NIOHTTP1
import NIOPosix

/// A server on a port or socket of its own that answers as one function says.
struct FakeModelServer {
    /// What the function makes of a request's line and body.
    typealias Answer = @Sendable (_ line: String, _ body: String) -> (status: Int, body: String)

    private let path: String?
    private let answer: Answer

    /// Prepares a server.
    ///
    /// - Parameters:
    ///   - path: A Unix socket to listen on, instead of a port.
    ///   - answer: Gives status and body; a status of 0 closes the connection.
    init(path: String? = nil, answer: @escaping Answer) {
        self.path = path
        self.answer = answer
    }

    /// Runs the server for as long as the work takes, which gets its URL.
    func withURL<Result>(_ work: (String) async throws -> Result) async throws -> Result {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { [answer] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(FakeAnswers(answer))
                }
            }
        let server: any Channel =
            if let path {
                try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
            } else {
                try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            }
        let url = path.map { "unix://\($0)" } ?? "http://127.0.0.1:\(server.localAddress?.port ?? 0)"
        do {
            let result = try await work(url)
            try await server.close()
            return result
        } catch {
            try? await server.close()
            throw error
        }
    }
}

/// Gathers requests and answers them.
private final class FakeAnswers: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: FakeModelServer.Answer
    private var line = ""
    private var body = ""

    init(_ answer: @escaping FakeModelServer.Answer) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            line = "\(head.method) \(head.uri)"
            body = ""
        case .body(let part): body += String(buffer: part)
        case .end:
            let (status, text) = answer(line, body)
            guard status > 0 else { return context.close(promise: nil) }
            let headers = HTTPHeaders([("Content-Length", String(text.utf8.count))])
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
