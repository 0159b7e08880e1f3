internal import ApusCore
internal import NIOCore

/// One connection of a load test: at most one request under way, its bytes written as they are.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// When the request that is under way was due; `nil` when the connection is free.
    private(set) var due: MonotonicTime?
    private var sent = MonotonicTime(nanoseconds: 0)
    private let owner: LoadLoop
    private let request: ByteBuffer
    private var context: ChannelHandlerContext?
    private var parser = ResponseParser()
    private var reason = "the server closed the connection before it had answered"

    /// Makes a connection that reports to its owner.
    init(owner: LoadLoop, request: ByteBuffer) {
        self.owner = owner
        self.request = request
    }

    /// Sends the request.
    func send(due: MonotonicTime, now: MonotonicTime) {
        self.due = due
        sent = now
        context?.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    /// Closes the connection; what is under way on it is lost.
    func close() {
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        owner.connectionOpened(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        do {
            guard let due else { throw ResponseParser.Fault(message: "bytes came that nobody asked for") }
            guard let answer = try parser.parse(bytes.readableBytesUInt8Span) else { return }
            self.due = nil
            owner.answerArrived(answer, due: due, sent: sent, on: self)
        } catch {
            reason = (error as? ResponseParser.Fault)?.message ?? String(describing: error)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        reason = "the connection broke: \(error)"
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let due = due
        self.due = nil
        owner.connectionClosed(self, due: due, reason: reason)
    }
}
