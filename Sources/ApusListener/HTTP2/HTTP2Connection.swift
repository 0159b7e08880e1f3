internal import ApusCore
internal import NIOCore
internal import NIOHTTP2

/// An HTTP/2 connection on its event loop: requests and gRPC calls on streams, without a channel for each stream.
///
/// NIO's frame layer (`NIOHTTP2Handler`) is in front of it: frames, HPACK, what frames are allowed when, windows. What a
/// stream may do is the business of a state machine per stream, what the connection may do of another; how long, the
/// loop's tick.
final class HTTP2Connection: ChannelInboundHandler, TickedConnection {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// The most requests looked at in one turn of the loop, as with HTTP/1.
    static let maxRequestsInTurn = 32

    let configuration: ListenerConfiguration
    let loop: LoopServices
    let applications: LoopApplications
    let work: AsyncStream<@Sendable () async -> Void>.Continuation
    /// Between the frame layer and the socket.
    let wire: HTTP2Wire
    var machine: HTTP2ConnectionStateMachine
    var streams: [UInt64: HTTP2Stream] = [:]
    var context: ChannelHandlerContext?
    /// What the requests in hand hold of the budget.
    var charge: BlockCharge
    /// Bytes of answers that the frame layer holds back, of all streams together.
    var unsent = 0
    /// Memory for answers, used again when the last one has left.
    var spare = ByteBuffer()
    /// Between a read and its end: answers gather and leave together.
    var isInRead = false
    /// Whether a flush has been asked of the loop.
    var isFlushDue = false
    /// Whether the frame layer has ended the connection for a fault of the client's.
    var hasFailed = false
    /// Whole requests that wait for the loop's next turn.
    var waiting: [UInt64] = []
    /// Requests looked at in this turn.
    var requestsInTurn = 0
    /// Streams whose applications may write again.
    var resumable: [UInt64] = []
    /// Streams that were refused while their answers were being made, by the end of the connection.
    var areRefused = false

    init(
        configuration: ListenerConfiguration,
        loop: LoopServices,
        applications: LoopApplications,
        work: AsyncStream<@Sendable () async -> Void>.Continuation,
        wire: HTTP2Wire
    ) {
        self.configuration = configuration
        self.loop = loop
        self.applications = applications
        self.work = work
        self.wire = wire
        self.machine = HTTP2ConnectionStateMachine(timeouts: configuration.timeouts, now: loop.time.now)
        self.charge = BlockCharge(budget: configuration.budget)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
        openConnectionWindow()
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
        let all = streams
        streams = [:]
        for stream in all.values { release(stream) }
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isInRead {
            isInRead = true
            requestsInTurn = 0
            machine.bytesArrived(now: loop.time.now)
        }
        receive(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isInRead = false
        if hasFailed { return closeWhenWritten() }
        // The frame layer has flushed already what was written during the read.
        resumeWriters()
        noteWritability(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        machine.writabilityChanged(isWritable: context.channel.isWritable, now: loop.time.now)
        resumeWriters()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as NIOHTTP2WindowUpdatedEvent: windowChanged(event)
        case let event as StreamClosedEvent: streamClosed(event)
        case is NIOHTTP2StreamCreatedEvent: break
        case ChannelEvent.inputClosed: inputClosed()
        case is ChannelShouldQuiesceEvent: drain()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Faults of one stream come here too: the frame layer has reset it then. One of the whole connection has been
        // answered with a GOAWAY.
        if hasFailed || error is IOError || error is ChannelError { closeWhenWritten() }
    }

    func drain() {
        carryOut(machine.drain(now: loop.time.now))
    }

    func abandon() {
        areRefused = true
        for stream in Array(streams.values) {
            let waiting = stream.cancellation
            refuse(stream, .shuttingDown)
            // Behind the refusal: a request that is called back would answer for itself.
            waiting.cancel()
        }
        sayGoodbye(lastStream: machine.lastStream)
        closeWhenWritten()
    }

    func tick(now: MonotonicTime) {
        if let left = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes) {
            machine.stillToWrite(left, now: now)
        }
        // Above a half: what is left of the budget then is for those who send what they have announced.
        let isMemoryScarce = configuration.budget.inUse > configuration.budget.limit / 2
        for stream in Array(streams.values) { tick(stream, now: now, isMemoryScarce: isMemoryScarce) }
        carryOut(machine.tick(now: now))
    }

    private func tick(_ stream: HTTP2Stream, now: MonotonicTime, isMemoryScarce: Bool) {
        if stream.isCall, stream.machine.request == .receiving, stream.deadline.hasPassed(at: now) {
            return finishCall(stream, .deadlineExceeded)
        }
        switch stream.machine.tick(now: now, isMemoryScarce: isMemoryScarce) {
        case .nothing: break
        case .refuse: refuse(stream, .bodyTimeout)
        case .reset: reset(stream, .cancel)
        }
    }

    func takeTurn() {
        requestsInTurn = 0
        let numbers = waiting
        waiting = []
        for number in numbers {
            if let stream = streams[number] { handOn(stream) }
        }
    }

    /// Does what the state machine says.
    func carryOut(_ action: HTTP2ConnectionStateMachine.Action) {
        switch action {
        case .nothing: break
        case .announce:
            wire.writeFrame(.announcement)
            write(HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2Connection.announcementPing, ack: false)))
            flushSoon()
        case .sayGoodbye(let lastStream):
            sayGoodbye(lastStream: lastStream)
            carryOut(machine.goodbyeSaid(now: loop.time.now))
        case .ping:
            write(HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2Connection.keepAlivePing, ack: false)))
            flushSoon()
        case .close: closeWhenWritten()
        case .drop: context?.close(promise: nil)
        }
    }

    /// The client has closed its sending side: what it has not finished it never will.
    private func inputClosed() {
        for stream in Array(streams.values) where stream.machine.request == .receiving { reset(stream, .cancel) }
        sayGoodbye(lastStream: machine.lastStream)
        carryOut(machine.goodbyeSaid(now: loop.time.now))
    }

    private func sayGoodbye(lastStream: Int) {
        let payload = HTTP2Frame.FramePayload.goAway(
            lastStreamID: HTTP2StreamID(lastStream),
            errorCode: .noError,
            opaqueData: nil
        )
        write(HTTP2Frame(streamID: .rootStream, payload: payload))
        flushSoon()
    }

    /// Closes the channel when all that was written has left.
    func closeWhenWritten() {
        context?.flush()
        wire.closeWhenWritten()
    }

    private func noteWritability(_ context: ChannelHandlerContext) {
        if !context.channel.isWritable { machine.writabilityChanged(isWritable: false, now: loop.time.now) }
    }

    /// Says which PING an answer belongs to.
    static let announcementPing = HTTP2PingData(withInteger: 0x4150_5553_0001)
    private static let keepAlivePing = HTTP2PingData(withInteger: 0x4150_5553_0002)
}
