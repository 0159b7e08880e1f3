internal import ApusCore
internal import NIOCore

/// Finds out by a connection's first bytes whether it speaks HTTP/2 with prior knowledge (RFC 9113 §3.3) or HTTP/1, puts
/// that version's handlers on it, and goes.
final class ProtocolDetector: ChannelInboundHandler, RemovableChannelHandler, TickedConnection {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What a client of HTTP/2 sends first; no request of HTTP/1 begins so.
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let choice: ProtocolChoice
    private let since: MonotonicTime
    private var bytes = ByteBuffer()
    private var context: ChannelHandlerContext?
    private var isChosen = false
    private var isDraining = false
    private var hasInputEnded = false

    init(choice: ProtocolChoice) {
        self.choice = choice
        self.since = choice.loop.time.now
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        choice.loop.add(self)
        if choice.loop.isAbandoned { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        choice.loop.remove(self)
        if !isChosen { choice.work.finish() }
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var new = unwrapInboundIn(data)
        if bytes.readableBytes == 0 { bytes = new } else { bytes.writeBuffer(&new) }
        guard let version else { return }
        choose(version, context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed where !isChosen:
            guard bytes.readableBytes > 0 else { return context.close(promise: nil) }
            // What has come may be the start of something: HTTP/1 says what is wrong with it.
            choose(.http1, context, handingOn: event)
        case is ChannelShouldQuiesceEvent where !isChosen:
            drain()
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func tick(now: MonotonicTime) {
        let timeouts = choice.configuration.timeouts
        let isDraining = choice.loop.isDraining || isDraining
        // As long as HTTP/1 would wait for a first request.
        let limit = isDraining && bytes.readableBytes == 0 ? timeouts.drainIdle : timeouts.head
        if since.advanced(byNanoseconds: limit) <= now { context?.close(promise: nil) }
    }

    func takeTurn() {}

    func drain() {
        isDraining = true
    }

    func abandon() {
        context?.close(promise: nil)
    }

    /// What the bytes so far say; `nil` when they may still become either.
    private var version: ProtocolChoice.Version? {
        let preface = ProtocolDetector.preface
        let isStart = zip(bytes.readableBytesView, preface).allSatisfy { $0 == $1 }
        guard isStart else { return .http1 }
        return bytes.readableBytes >= preface.count ? .http2 : nil
    }

    private func choose(
        _ version: ProtocolChoice.Version,
        _ context: ChannelHandlerContext,
        handingOn event: Any? = nil
    ) {
        isChosen = true
        let operations = context.pipeline.syncOperations
        do {
            try choice.install(version, in: operations)
        } catch {
            return context.close(promise: nil)
        }
        if bytes.readableBytes > 0 {
            var first = ByteBuffer()
            swap(&first, &bytes)
            context.fireChannelRead(wrapInboundOut(first))
        }
        // Before it goes: a handler that has gone hands nothing on.
        if let event { context.fireUserInboundEventTriggered(event) }
        operations.removeHandler(self, promise: nil)
    }
}
