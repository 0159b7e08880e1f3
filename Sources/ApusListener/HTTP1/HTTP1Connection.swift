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

    /// The most requests looked at in one turn of the loop; thirty-two that are answered at once take a few
    /// milliseconds at worst, and others wait for no longer.
    private static let maxRequestsInTurn: UInt64 = 32

    let configuration: ListenerConfiguration
    let loop: LoopServices
    let application: any HTTPApplication
    var machine: HTTP1ConnectionStateMachine
    var context: ChannelHandlerContext?
    /// Bytes that were read and not yet taken.
    var inbound: ByteBuffer
    /// The head of the request whose body is awaited; its memory is used for all.
    var head: HTTPRequestHead
    /// What the application made of that head.
    var operation: AdmittedOperation?
    /// Whether the request being answered wants no body.
    var isForHead = false
    /// Whether its client wants to use the connection again.
    var clientKeepsAlive = true
    /// Whether it came with HTTP/1.1.
    var isVersion11 = true
    var parser: HTTPHeadParser
    var body: HTTP1Body
    /// Counts requests, so that an answer finds out whether it is still wanted.
    var number: UInt64 = 0
    /// The request that was refused while its answer was being made, since the connection had to end; 0 for none.
    var refusedNumber: UInt64 = 0
    var received = MonotonicTime(nanoseconds: 0)
    /// Calls the request back that is being answered.
    var cancellation = CancellationHandle.finished
    /// Takes its deadline back.
    var expiry: DeadlineQueue<CancellationHandle>.Ticket?
    /// The answer that is being given in parts.
    var streaming: Streaming?
    let work: AsyncStream<@Sendable () async -> Void>.Continuation
    var isParsing = false
    /// Whether requests that have come wait for the loop's next turn.
    var isWaitingForTurn = false
    /// Between a read and its end: answers gather and leave together.
    var isInRead = false
    var needsFlush = false
    private var isReading = true

    init(
        configuration: ListenerConfiguration,
        loop: LoopServices,
        application: any HTTPApplication,
        work: AsyncStream<@Sendable () async -> Void>.Continuation
    ) {
        self.work = work
        self.configuration = configuration
        self.loop = loop
        self.inbound = loop.emptyBuffer
        self.head = HTTPRequestHead(bytes: loop.emptyBuffer)
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
        let waiting = cancellation
        forgetCancellation()
        waiting.cancel()
        body.reset()
        inbound = loop.emptyBuffer
        resumeStreaming()
        streaming = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard machine.state != .lingering, machine.state != .closed else { return }
        loop.lane.carryOutEarly()
        isInRead = true
        append(unwrapInboundIn(data))
        parseAll()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isInRead = false
        flushIfNeeded()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        machine.writabilityChanged(isWritable: context.channel.isWritable, now: loop.time.now)
        if context.channel.isWritable { resumeStreaming() }
        parseAll()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            machine.inputClosed()
            parseAll()
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
        let waiting = cancellation
        if machine.state == .responding { refusedNumber = number }
        switch machine.state {
        // Its head has been sent: all that can be said is that it ends too soon.
        case .responding where streaming != nil: forgetCancellation()
        case .responding, .readingHead, .readingBody: refuse(.shuttingDown)
        case .idle where isWaitingForTurn: refuse(.shuttingDown)
        case .idle, .lingering, .closed: break
        }
        // Behind the refusal: a request that is called back would answer for itself.
        waiting.cancel()
        closeWhenWritten()
    }

    func tick(now: MonotonicTime) {
        if let left = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes) {
            machine.stillToWrite(left, now: now)
        }
        // Above a half: what is left of the budget then is for those who send what they have announced.
        let isMemoryScarce = configuration.budget.inUse > configuration.budget.limit / 2
        switch machine.tick(now: now, isMemoryScarce: isMemoryScarce) {
        case .nothing: break
        case .close: context?.close(promise: nil)
        case .refuse(let fault): refuse(fault)
        }
    }

    func takeTurn() {
        isWaitingForTurn = false
        parseAll()
    }

    /// Takes requests out of the bytes for as long as there are whole ones and each is answered at once; many have to
    /// wait for the loop's next turn.
    func parseAll() {
        guard !isParsing else { return }
        if !isWaitingForTurn { parseInTurn() }
        limitReading()
        if !isInRead { flushIfNeeded() }
        if machine.isOver, !isWaitingForTurn { closeWhenWritten() }
    }

    private func parseInTurn() {
        let first = number
        isParsing = true
        do throws(HTTPParsingFault) {
            while number &- first < HTTP1Connection.maxRequestsInTurn, try parseNext() {}
        } catch {
            refuse(error)
        }
        isParsing = false
        guard number &- first >= HTTP1Connection.maxRequestsInTurn, inbound.readableBytes > 0 else { return }
        isWaitingForTurn = true
        loop.queueForTurn(self)
    }

    /// Hands a whole request to the application.
    func handOn(_ head: HTTPRequestHead, _ operation: AdmittedOperation, _ bytes: ByteBuffer, now: MonotonicTime) {
        machine.requestCompleted(now: now)
        number &+= 1
        let exchange = HTTPExchange(connection: self, number: number, received: received, loop: loop)
        application.respond(to: head, operation: operation, body: bytes, on: exchange)
    }

    /// Joins what was read to what is still there; never keeps what has been taken already.
    private func append(_ bytes: ByteBuffer) {
        guard inbound.readableBytes > 0 else {
            inbound = bytes
            return
        }
        var bytes = bytes
        if inbound.readerIndex > 0 {
            var fresh = ByteBuffer()
            fresh.reserveCapacity(inbound.readableBytes + bytes.readableBytes + 64)
            fresh.writeBuffer(&inbound)
            inbound = fresh
        }
        inbound.writeBuffer(&bytes)
    }

    /// Stops reading while nothing can be parsed and much has come already for later requests.
    private func limitReading() {
        let isFull =
            (machine.isWaiting || isWaitingForTurn) && inbound.readableBytes > configuration.maxPipelinedBytes
        guard let context, isFull == isReading else { return }
        isReading = !isFull
        context.channel.setOption(ChannelOptions.autoRead, value: isReading).whenFailure { _ in }
    }
}
