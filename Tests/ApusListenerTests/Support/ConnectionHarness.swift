import ApusCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ApusListener

/// One HTTP/1 connection on an embedded channel, with an application that echoes and a clock that stands still.
final class ConnectionHarness {
    let channel: EmbeddedChannel
    let loop: LoopServices
    let time = ManualTime()
    let application = FakeApplication()
    let outbound = RecordingOutbound()
    let connection: HTTP1Connection
    let budget: ByteBudget
    /// What the connection's task would do; nobody does it.
    let work: AsyncStream<@Sendable () async -> Void>
    let workContinuation: AsyncStream<@Sendable () async -> Void>.Continuation

    init(
        limits: InputLimits = InputLimits(),
        timeouts: ConnectionTimeouts = ConnectionTimeouts(),
        budget: Int = 1 << 20,
        change: (inout ListenerConfiguration) -> Void = { _ in }
    ) throws {
        channel = EmbeddedChannel()
        loop = LoopServices(eventLoop: channel.eventLoop, time: time)
        self.budget = ByteBudget(limit: budget)
        var configuration = ListenerConfiguration(
            limits: limits,
            timeouts: timeouts,
            budget: self.budget,
            maxConnections: 10
        )
        change(&configuration)
        (work, workContinuation) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
        connection = HTTP1Connection(
            configuration: configuration,
            loop: loop,
            application: application,
            work: workContinuation
        )
        try channel.pipeline.syncOperations.addHandlers([outbound, connection])
    }

    /// Bytes arrive in one read.
    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    /// Bytes arrive in one read.
    func send(_ bytes: [UInt8]) throws {
        try channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    /// A read ends that brought nothing more.
    func completeRead() {
        channel.pipeline.fireChannelReadComplete()
    }

    /// All bytes that have been flushed since the last look.
    func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let part = try channel.readOutbound(as: ByteBuffer.self) {
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }

    /// The answers that have been flushed since the last look.
    func answers(verbs: [String] = []) throws -> [WireAnswer] {
        try #require(WireAnswer.all(in: sent(), verbs: verbs))
    }

    /// Time passes and the loop looks after its connections.
    func pass(milliseconds: Int64) {
        time.advance(milliseconds: milliseconds)
        connection.tick(now: time.now)
    }

    /// The client closes its sending side.
    func closeInput() {
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }

    /// The client takes no more bytes, or takes them again.
    func setWritable(_ isWritable: Bool) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    /// So many bytes wait in the channel, all others have left.
    func setStillToWrite(_ count: Int) {
        channel.flush()
        channel.write(ByteBuffer(repeating: 0, count: count), promise: nil)
    }

    /// A drain begins.
    func drain() {
        loop.drain()
        channel.embeddedEventLoop.run()
    }

    /// The loop gives turns until nobody wants one.
    func giveTurns() {
        for _ in 0..<1000 where connection.isWaitingForTurn {
            channel.embeddedEventLoop.advanceTime(by: .microseconds(10))
        }
    }

    /// Whether the connection reads, as far as the channel's option says.
    var reads: Bool {
        for (option, value) in channel.options where option is ChannelOptions.Types.AutoReadOption {
            return value as? Bool ?? true
        }
        return true
    }

    /// Whether the server has closed its sending side or everything.
    var hasClosed: Bool { !outbound.closes.isEmpty }

    /// Ends the test: the channel goes.
    func end() {
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }
}
