internal import ApusCore
internal import NIOCore

/// An HTTP/1 connection on its event loop: parses requests out of what is read, hands each to the application, writes
/// the answers in order.
///
/// It answers one request before it looks at the next, so that order needs no queue. What the connection may do when is
/// the state machine's business; how long, the loop's tick.
final class HTTP1Connection: ChannelInboundHandler, TickedConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let configuration: ListenerConfiguration
    let loop: LoopServices
    let application: any HTTPApplication
    var machine: HTTP1ConnectionStateMachine
    var context: ChannelHandlerContext?
    /// Bytes that were read and not yet taken.
    var inbound = ByteBuffer()
    var head = HTTPRequestHead()
    var parser: HTTPHeadParser
    var body: HTTP1Body
    /// Counts requests, so that an answer finds out whether it is still wanted.
    var number: UInt64 = 0
    var received = MonotonicTime(nanoseconds: 0)
    /// Memory for answers, used again when the last one has left.
    var spare = ByteBuffer()
    private var isParsing = false
    private var needsFlush = false

    private let work: AsyncStream<@Sendable () async -> Void>.Continuation

    init(
        configuration: ListenerConfiguration,
        loop: LoopServices,
        application: any HTTPApplication,
        work: AsyncStream<@Sendable () async -> Void>.Continuation
    ) {
        self.work = work
        self.configuration = configuration
        self.loop = loop
        self.application = application
        self.machine = HTTP1ConnectionStateMachine(timeouts: configuration.timeouts, now: loop.time.now)
        self.parser = HTTPHeadParser(
            maxBytes: configuration.limits.maxHeaderBytes,
            maxFields: configuration.limits.maxHeaderCount
        )
        self.body = HTTP1Body(limits: configuration.limits, budget: configuration.budget)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
        if loop.isDraining { drain() }
        if loop.isAbandoned { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        loop.remove(self)
        work.finish()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        machine.channelClosed(now: loop.time.now)
        number &+= 1
        body.reset()
        inbound = ByteBuffer()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard machine.state != .lingering, machine.state != .closed else { return }
        var bytes = unwrapInboundIn(data)
        if inbound.readableBytes == 0 {
            inbound = bytes
        } else {
            inbound.writeBuffer(&bytes)
        }
        parseAll()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if needsFlush {
            needsFlush = false
            context.flush()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        machine.writabilityChanged(isWritable: context.channel.isWritable, now: loop.time.now)
        if context.channel.isWritable { parseAll() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            if machine.inputClosed() { context.close(promise: nil) }
        case is ChannelShouldQuiesceEvent:
            drain()
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func drain() {
        machine.drain(now: loop.time.now)
    }

    func abandon() {
        if machine.state == .responding { refuse(.shuttingDown) }
        context?.close(promise: nil)
    }

    func tick(now: MonotonicTime) {
        switch machine.tick(now: now) {
        case .nothing: break
        case .close: context?.close(promise: nil)
        case .refuse(let fault): refuse(fault)
        }
    }

    /// Takes requests out of the bytes for as long as there are whole ones and each is answered at once.
    func parseAll() {
        guard !isParsing else { return }
        isParsing = true
        defer { isParsing = false }
        do throws(HTTPParsingFault) {
            while try parseNext() {}
        } catch {
            refuse(error)
        }
        limitReading()
    }

    /// Answers something that is no request; the connection ends with it.
    func refuse(_ fault: HTTPParsingFault) {
        var (head, bytes) = application.answer(to: fault)
        head.closes = true
        var body = makeBody()
        body.buffer.writeBytes(bytes)
        write(head, body)
    }

    /// Hands a whole request to the application.
    func handOn(_ bytes: ByteBuffer, now: MonotonicTime) {
        machine.requestCompleted(now: now)
        number &+= 1
        let exchange = HTTPExchange(connection: self, number: number, received: received, loop: loop)
        application.respond(to: head, body: bytes, on: exchange)
    }

    /// Stops reading while an answer is awaited and much has come already for later requests.
    private func limitReading() {
        let isFull = machine.state == .responding && inbound.readableBytes > configuration.maxPipelinedBytes
        guard let context, isFull == isReading else { return }
        isReading = !isFull
        context.channel.setOption(ChannelOptions.autoRead, value: isReading).whenFailure { _ in }
    }

    private var isReading = true

    /// Writes an answer and does what the state machine says next.
    func write(_ head: HTTPResponseHead, _ body: consuming HTTPResponseBody) {
        guard let context else { return }
        var head = head
        head.closes = head.closes || machine.mustClose || !keepsAlive
        let bytes = body.encoded(with: head, date: loop.date, omitsBody: self.head.method == .head)
        let now = loop.time.now
        switch machine.responseWritten(keepsAlive: !head.closes, now: now) {
        case .ignore:
            return
        case .readNext:
            spare = bytes
            context.write(wrapOutboundOut(bytes), promise: nil)
            flush(context, now: now)
        case .linger:
            inbound = ByteBuffer()
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            context.close(mode: .output, promise: nil)
        }
        self.body.reset()
    }

    private var keepsAlive: Bool { head.keepsAlive }

    private func flush(_ context: ChannelHandlerContext, now: MonotonicTime) {
        if isParsing, inbound.readableBytes > 0 {
            needsFlush = true
            return
        }
        needsFlush = false
        context.flush()
        if !context.channel.isWritable {
            machine.writabilityChanged(isWritable: false, now: now)
        }
    }
}

extension HTTP1Connection: HTTPAnswering {
    func makeBody() -> HTTPResponseBody {
        let buffer = spare
        spare = ByteBuffer()
        return HTTPResponseBody(reusing: buffer)
    }

    func perform(_ work: @escaping @Sendable () async -> Void) {
        self.work.yield(work)
    }

    func answer(_ number: UInt64, _ head: HTTPResponseHead, _ body: consuming HTTPResponseBody) {
        guard number == self.number, machine.state == .responding else { return }
        write(head, body)
        if !isParsing { parseAll() }
    }
}
