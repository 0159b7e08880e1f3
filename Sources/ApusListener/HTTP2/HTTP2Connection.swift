internal import ApusCore
internal import NIOCore

/// An HTTP/2 connection on its event loop: requests and gRPC calls on streams, without a channel for each stream.
///
/// `HTTP2FrameParser` cuts what comes into frames, `HTTP2BlockReader` decodes header blocks, `HTTP2Outbox` takes frames
/// that leave. What a client may send is the business of `HTTP2Rules`, what a stream may do of a state machine per
/// stream, what the connection may do of another; how long, the loop's tick.
final class HTTP2Connection: ChannelInboundHandler, TickedConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = IOData

    /// The most requests looked at in one turn of the loop, as with HTTP/1.
    static let maxRequestsInTurn = 32

    let configuration: ListenerConfiguration
    let loop: LoopServices
    let applications: LoopApplications
    let work: AsyncStream<@Sendable () async -> Void>.Continuation
    var frames: HTTP2FrameParser
    var blocks: HTTP2BlockReader
    var rules = HTTP2Rules()
    var outbox = HTTP2Outbox()
    var machine: HTTP2ConnectionStateMachine
    var streams: [UInt64: HTTP2Stream] = [:]
    var context: ChannelHandlerContext?
    /// What the requests in hand hold of the budget.
    var charge: BlockCharge
    /// Bytes of answers that wait for windows or the socket, of all streams together.
    var unsent = 0
    /// Streams that may send more as soon as the connection's window and the socket let them, in their turns.
    var sendable: [UInt64] = []
    /// Streams that have only an end to send, which takes nothing of a window.
    var ending: [UInt64] = []
    /// Between a read and its end: answers gather and leave together.
    var isInRead = false
    /// Whether a flush has been asked of the loop.
    var isFlushDue = false
    /// Whole requests that wait for the loop's next turn.
    var waiting: [UInt64] = []
    /// Requests looked at in this turn.
    var requestsInTurn = 0
    /// Streams whose applications may write again.
    var resumable: [UInt64] = []
    /// Streams that were refused while their answers were being made, by the end of the connection.
    var areRefused = false
    /// When the end was written, and whether its last byte has left since: nothing more is read.
    private(set) var closing: (since: MonotonicTime, hasLeft: Bool)?
    /// Whether the client has closed its sending side.
    private var hasInputEnded = false

    init(
        configuration: ListenerConfiguration,
        loop: LoopServices,
        applications: LoopApplications,
        work: AsyncStream<@Sendable () async -> Void>.Continuation
    ) {
        self.configuration = configuration
        self.loop = loop
        self.applications = applications
        self.work = work
        self.frames = HTTP2FrameParser(maxBlockBytes: HTTP2Limits.maxDecodedBytes(configuration.limits))
        self.blocks = HTTP2BlockReader(limits: configuration.limits)
        self.machine = HTTP2ConnectionStateMachine(timeouts: configuration.timeouts, now: loop.time.now)
        self.charge = BlockCharge(budget: configuration.budget)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
        outbox.writeSettings(HTTP2Limits.settings(configuration.limits))
        openConnectionWindow()
        flushSoon()
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
        forgetStreams()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard closing == nil else { return }
        if !isInRead { beginRead() }
        frames.append(unwrapInboundIn(data))
        // A frame may end the connection, its application may close it.
        while closing == nil, self.context != nil, let input = frames.next() { receive(input) }
    }

    private func beginRead() {
        isInRead = true
        // Answers that have come meanwhile leave with those of this read.
        loop.lane.carryOutEarly()
        requestsInTurn = 0
        let now = loop.time.now
        machine.bytesArrived(now: now)
        loop.requestIsRead(now: now)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard isInRead else { return }
        isInRead = false
        flushNow()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        machine.writabilityChanged(isWritable: isWritable, now: loop.time.now)
        if isWritable {
            rules.socketTakesBytes()
            if !sendable.isEmpty || !ending.isEmpty { flushNow() }
        }
        resumeWriters()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: inputClosed()
        case is ChannelShouldQuiesceEvent: drain()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: The end

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
        outbox.writeGoAway(lastStream: machine.lastStream, .noError)
        flushNow()
        closeWhenWritten(waitsForClient: false)
    }

    /// Ends the connection for a fault of its client's.
    func fail(_ reason: HTTP2Reason) {
        guard closing == nil else { return }
        outbox.writeGoAway(lastStream: machine.lastStream, reason)
        forgetStreams()
        // A flood is cut off, even if its client doesn't hear why.
        closeWhenWritten(waitsForClient: reason != .enhanceYourCalm)
    }

    private func forgetStreams() {
        let all = streams
        streams = [:]
        for stream in all.values { release(stream) }
    }

    /// The client has closed its sending side: what it has not finished it never will.
    private func inputClosed() {
        if let closing {
            hasInputEnded = true
            if closing.hasLeft { context?.close(promise: nil) }
            return
        }
        hasInputEnded = true
        for stream in Array(streams.values) where stream.machine.request == .receiving { reset(stream, .cancel) }
        carryOut(.sayGoodbye(lastStream: machine.lastStream))
    }

    /// Closes the sending side when all that was written has left, then everything, when the client has done so too.
    ///
    /// Not both sides at once: the system would reset the connection for bytes that nobody has read, and the client might
    /// lose answers that are still on their way.
    private func closeWhenWritten(waitsForClient: Bool = true) {
        guard closing == nil else {
            if !waitsForClient { context?.close(promise: nil) }
            return
        }
        closing = (loop.time.now, false)
        guard let context else { return }
        passOn(context)
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer()))).assumeIsolated().whenComplete { [self] _ in
            closing = (loop.time.now, true)
            if hasInputEnded || !waitsForClient {
                self.context?.close(promise: nil)
            } else {
                self.context?.close(mode: .output, promise: nil)
            }
        }
    }

    // MARK: Time

    func tick(now: MonotonicTime) {
        if let closing {
            let limit = closing.hasLeft ? configuration.timeouts.linger : configuration.timeouts.write
            if closing.since.advanced(byNanoseconds: limit) <= now { context?.close(promise: nil) }
            return
        }
        if let left = try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes) {
            machine.stillToWrite(left, now: now)
        }
        // Above a half: what is left of the budget then is for those who send what they have announced.
        let isMemoryScarce = configuration.budget.inUse > configuration.budget.limit / 2
        for stream in Array(streams.values) where !stream.isGone {
            tick(stream, now: now, isMemoryScarce: isMemoryScarce)
        }
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
        case .nothing: return
        case .announce:
            outbox.writeGoAway(lastStream: HTTP2Limits.maxWindow, .noError)
            outbox.writePing(HTTP2Connection.announcementPing, isAnswer: false)
        case .sayGoodbye(let lastStream):
            outbox.writeGoAway(lastStream: lastStream, .noError)
            carryOut(machine.goodbyeSaid(now: loop.time.now))
        case .ping:
            outbox.writePing(HTTP2Connection.keepAlivePing, isAnswer: false)
        case .close: return closeWhenWritten()
        case .drop:
            context?.close(promise: nil)
            return
        }
        flushSoon()
    }

    /// Says which PING an answer belongs to.
    static let announcementPing: UInt64 = 0x4150_5553_0001
    private static let keepAlivePing: UInt64 = 0x4150_5553_0002
}
