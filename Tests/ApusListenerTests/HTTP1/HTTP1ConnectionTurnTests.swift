import ApusCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ApusListener

/// How connections share their event loop: turns and deadlines.
struct HTTP1ConnectionTurnTests {
    private func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" }

    @Test func `a connection that sends much at once lets others have their turn`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        let other = EmbeddedChannel(loop: server.channel.embeddedEventLoop)
        let (_, work) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
        let connection = HTTP1Connection(
            configuration: server.connection.configuration,
            loop: server.loop,
            application: server.application,
            work: work
        )
        try other.pipeline.syncOperations.addHandler(connection)
        try server.send((0..<100).map { get("/a\($0)") }.joined())
        #expect(server.application.requests.count == 32)
        // What has been answered doesn't wait.
        #expect(try server.answers().count == 32)
        try other.writeInbound(ByteBuffer(string: (0..<40).map { get("/b\($0)") }.joined()))
        #expect(server.application.requests.dropFirst(32).map(\.path) == (0..<32).map { "/b\($0)" })
        // Not in the same round of the loop: it would look at its sockets only when all is done.
        server.channel.embeddedEventLoop.run()
        #expect(server.application.requests.count == 64)
        server.channel.embeddedEventLoop.advanceTime(by: .microseconds(10))
        #expect(server.application.requests.count == 64 + 32 + 8)
        server.giveTurns()
        #expect(server.application.requests.count == 140)
        #expect(try server.answers().map(\.body) == (32..<100).map { "/a\($0)|" })
        _ = try other.finish(acceptAlreadyClosed: true)
    }

    @Test func `what comes while a connection waits for its turn waits too, and isn't read without end`() throws {
        let server = try ConnectionHarness { $0.maxPipelinedBytes = 1000 }
        defer { server.end() }
        let round = (0..<40).map { get("/\($0)") }.joined()
        try server.send(round)
        #expect(server.reads)
        try server.send(round)
        #expect(server.application.requests.count == 32)
        #expect(!server.reads)
        server.giveTurns()
        #expect(server.application.requests.count == 80)
        #expect(server.reads)
        #expect(try server.answers().count == 80)
    }

    @Test func `requests that wait for their turn are answered when the client has closed its side`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send((0..<70).map { get("/\($0)") }.joined())
        server.closeInput()
        #expect(!server.hasClosed)
        server.giveTurns()
        let answers = try server.answers()
        #expect(answers.count == 70)
        #expect(answers.last?["Connection"] == "close")
        #expect(server.outbound.closes.last == .all)
    }

    @Test func `a connection that goes while it waits for its turn has none`() throws {
        let server = try ConnectionHarness()
        try server.send((0..<70).map { get("/\($0)") }.joined())
        server.end()
        server.giveTurns()
        #expect(server.application.requests.count == 32)
    }

    @Test func `an abandoned connection that waits for its turn answers 503`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send((0..<40).map { get("/\($0)") }.joined())
        _ = try server.sent()
        server.loop.abandon()
        server.channel.embeddedEventLoop.run()
        #expect(try server.answers().map(\.status) == [503])
    }

    @Test func `requests are called back at their deadlines, and those that were answered aren't`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        let start = server.time.now
        var requests: [RecordingRequest] = []
        // The loop's own clock stands at 0; the manual one is far ahead, so that only order counts.
        for milliseconds in [30, 10, 20, 10] as [Int64] {
            let request = RecordingRequest()
            requests.append(request)
            _ = server.loop.expire(
                CancellationHandle(request),
                at: start.advanced(byNanoseconds: milliseconds * 1_000_000)
            )
        }
        let answered = RecordingRequest()
        let ticket = server.loop.expire(CancellationHandle(answered), at: start.advanced(byNanoseconds: 5_000_000))
        server.loop.forget(ticket)
        func pass(milliseconds: Int64) {
            server.time.advance(milliseconds: milliseconds)
            server.channel.embeddedEventLoop.advanceTime(
                to: NIODeadline.uptimeNanoseconds(UInt64(server.time.now.nanoseconds))
            )
        }
        pass(milliseconds: 9)
        #expect(requests.map(\.expiryCount) == [0, 0, 0, 0])
        pass(milliseconds: 1)
        #expect(requests.map(\.expiryCount) == [0, 1, 0, 1])
        pass(milliseconds: 20)
        #expect(requests.map(\.expiryCount) == [1, 1, 1, 1])
        #expect(answered.expiryCount == 0)
        #expect(requests.map(\.cancelCount) == [0, 0, 0, 0])
    }

    @Test func `an answer takes its request's deadline back`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1"))
        let exchange = try #require(server.application.waiting.first?.exchange)
        let request = RecordingRequest()
        let deadline = server.time.now.advanced(byNanoseconds: 1_000_000)
        exchange.cancel(with: CancellationHandle(request, deadline: Deadline(time: deadline)))
        server.application.answerNext()
        server.time.advance(milliseconds: 5)
        server.channel.embeddedEventLoop.advanceTime(
            to: NIODeadline.uptimeNanoseconds(UInt64(server.time.now.nanoseconds))
        )
        #expect(request.expiryCount == 0)
    }
}
