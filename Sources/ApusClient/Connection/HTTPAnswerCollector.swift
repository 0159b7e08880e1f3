internal import NIOCore
internal import NIOHTTP1

/// Gathers the parts of one answer, within limits of size and time, and then closes the connection.
final class HTTPAnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    /// What the collector needs to know of the exchange.
    struct Configuration: Sendable {
        /// The server, for messages.
        let url: ServerURL
        /// The largest body accepted.
        let maxBodyBytes: Int
        /// The longest time from the connection's start to the answer's end.
        let timeout: Duration
    }

    private let configuration: Configuration
    private var answer: EventLoopPromise<HTTPAnswer>?
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []
    private var timer: Scheduled<Void>?

    /// Collects for one promise, which it keeps whatever happens.
    init(configuration: Configuration, answer: EventLoopPromise<HTTPAnswer>) {
        self.configuration = configuration
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let (url, timeout) = (configuration.url, configuration.timeout)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            let (collector, context) = bound.value
            collector.end(.failure(ClientError.timedOut(url: url, after: timeout)), context: context)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // An interim answer (1xx) is followed by the real one.
            if head.status.code >= 200 { self.head = head }
        case .body(let part):
            guard body.count + part.readableBytes <= configuration.maxBodyBytes else {
                let limit = configuration.maxBodyBytes
                let error = ClientError(.invalidAnswer, "the answer is larger than \(limit) bytes; ask for fewer rows")
                return end(.failure(error), context: context)
            }
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return }
            let headers = head.headers.map { (name: $0.name, value: $0.value) }
            end(
                .success(HTTPAnswer(status: Int(head.status.code), headers: headers, body: body)),
                context: context
            )
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let message = "\(configuration.url) closed the connection before it had answered"
        end(.failure(ClientError(.invalidAnswer, message)), context: context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let message = "what answers at \(configuration.url) does not speak HTTP/1.1 properly: \(error)"
        end(.failure(ClientError(.invalidAnswer, message, cause: error)), context: context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // A connection that never became active leaves through here.
        answer?.fail(ChannelError.ioOnClosedChannel)
        answer = nil
    }

    private func end(_ result: Result<HTTPAnswer, any Error>, context: ChannelHandlerContext) {
        timer?.cancel()
        guard let promise = answer else { return }
        answer = nil
        promise.completeWith(result)
        context.close(promise: nil)
    }
}
