import ApusCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ApusListener

/// Time-outs, drain, half-close and back pressure of one connection.
struct HTTP1ConnectionLifeTests {
    private func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" }

    private let part = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"

    @Test func `an idle connection is closed without a word`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(get("/1"))
        _ = try server.sent()
        server.pass(milliseconds: 74_999)
        #expect(!server.hasClosed)
        server.pass(milliseconds: 1)
        #expect(server.outbound.closes == [.all])
        #expect(try server.sent().isEmpty)
    }

    @Test func `a new connection on which nothing comes is closed sooner`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.pass(milliseconds: 9999)
        #expect(!server.hasClosed)
        server.pass(milliseconds: 1)
        #expect(server.outbound.closes == [.all])
        #expect(try server.sent().isEmpty)
    }

    @Test func `bodies that stand still give their memory to others when it gets scarce`() throws {
        let server = try ConnectionHarness(budget: 200)
        defer { server.end() }
        try server.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n")
        try server.send(String(repeating: "x", count: 99))
        server.pass(milliseconds: 10_000)
        #expect(try server.sent().isEmpty)
        // One byte is not enough to be taken for a body on its way.
        try server.send("x")
        server.pass(milliseconds: 10_000)
        #expect(try server.sent().isEmpty)
        #expect(server.budget.charge(1))
        server.pass(milliseconds: 1)
        #expect(try server.answers().map(\.status) == [408])
        #expect(server.budget.inUse == 1)
        server.budget.release(1)
    }

    @Test func `a head that doesn't come in time is answered with 408`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send("GET / HTTP/1.1\r\n")
        for _ in 0..<9 {
            server.pass(milliseconds: 1000)
            try server.send("X: y\r\n")
        }
        #expect(try server.sent().isEmpty)
        server.pass(milliseconds: 1000)
        let answers = try server.answers()
        #expect(answers.map(\.status) == [408])
        #expect(answers.first?["Connection"] == "close")
        #expect(server.outbound.closes == [.output])
        try server.send("Host: a\r\n\r\n")
        #expect(server.application.requests.isEmpty)
        server.pass(milliseconds: 2000)
        #expect(server.outbound.closes == [.output, .all])
    }

    @Test func `a body that doesn't come in time is answered with 408`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(part)
        server.pass(milliseconds: 19_999)
        try server.send("hel")
        server.pass(milliseconds: 19_999)
        #expect(try server.sent().isEmpty)
        #expect(server.budget.inUse == 3)
        server.pass(milliseconds: 1)
        #expect(try server.answers().map(\.status) == [408])
        #expect(server.budget.inUse == 0)
        #expect(server.outbound.closes == [.output])
    }

    @Test func `the loop's timer looks after its connections`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.loop.start()
        server.loop.start()
        server.channel.embeddedEventLoop.run()
        try server.send("GET")
        server.time.advance(milliseconds: 10_000)
        #expect(try server.sent().isEmpty)
        server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(250))
        #expect(try server.answers().map(\.status) == [408])
        server.loop.stop()
        server.channel.embeddedEventLoop.run()
        server.time.advance(milliseconds: 2000)
        server.channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(server.outbound.closes == [.output])
    }

    @Test func `a half-closed connection is closed when nothing is left to do`() throws {
        for text in ["", "GET /", part, part + "he", get("/")] {
            let server = try ConnectionHarness()
            defer { server.end() }
            if !text.isEmpty { try server.send(text) }
            server.closeInput()
            #expect(server.hasClosed, "\(text)")
            #expect(try server.answers().count == (text == get("/") ? 1 : 0))
            #expect(server.budget.inUse == 0)
        }
    }

    @Test func `a half-closed connection gets the answer that it waits for`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1"))
        server.closeInput()
        #expect(!server.hasClosed)
        server.application.answerNext()
        let answers = try server.answers()
        #expect(answers.map(\.body) == ["/1|"])
        #expect(answers.first?["Connection"] == "close")
        // The client has closed its side before: nothing is left to wait for.
        #expect(server.outbound.closes == [.output, .all])
    }

    @Test func `a half-closed connection isn't closed before its answer has left`() throws {
        for isLast in [false, true] {
            let server = try ConnectionHarness()
            defer { server.end() }
            server.outbound.takesBytes = false
            server.application.mode = .later
            try server.send(get("/1"))
            if isLast { server.closeInput() }
            server.application.answerNext()
            server.closeInput()
            server.pass(milliseconds: 20_000)
            #expect(!server.hasClosed)
            server.outbound.takesBytes = true
            server.channel.flush()
            #expect(try server.answers().map(\.body) == ["/1|"])
            #expect(server.outbound.closes.last == .all)
        }
    }

    @Test func `all requests that came before a half-close are answered`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1") + get("/2") + get("/3"))
        server.closeInput()
        for _ in 0..<3 { server.application.answerNext() }
        #expect(try server.answers().map(\.body) == ["/1|", "/2|", "/3|"])
        #expect(server.outbound.closes == [.output, .all])
    }

    @Test func `an error on the socket closes the connection`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.channel.pipeline.fireErrorCaught(IOError(errnoCode: 104, reason: "read"))
        #expect(server.outbound.closes == [.all])
    }

    @Test func `answers in a drain close their connection`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1"))
        server.drain()
        #expect(!server.hasClosed)
        server.application.answerNext()
        let answers = try server.answers()
        #expect(answers.map(\.body) == ["/1|"])
        #expect(answers.first?["Connection"] == "close")
        #expect(server.outbound.closes == [.output])
    }

    @Test func `all requests that came before a drain are answered`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1") + get("/2") + get("/3"))
        server.drain()
        for _ in 0..<3 {
            #expect(!server.hasClosed)
            server.application.answerNext()
        }
        let answers = try server.answers()
        #expect(answers.map(\.body) == ["/1|", "/2|", "/3|"])
        #expect(answers.map { $0["Connection"] } == [nil, nil, "close"])
        #expect(server.outbound.closes == [.output])
    }

    @Test func `a request that is on its way when a drain begins is answered`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(get("/1"))
        server.drain()
        server.pass(milliseconds: 999)
        try server.send(get("/2"))
        let answers = try server.answers()
        #expect(answers.map(\.body) == ["/1|", "/2|"])
        #expect(answers.map { $0["Connection"] } == [nil, "close"])
    }

    @Test func `a request that is arriving when a drain begins is answered`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(part + "he")
        server.drain()
        server.pass(milliseconds: 5000)
        try server.send("llo")
        let answers = try server.answers()
        #expect(answers.map(\.body) == ["/a|hello"])
        #expect(answers.first?["Connection"] == "close")
    }

    @Test func `an idle connection is closed a second after a drain has begun`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(get("/1"))
        server.pass(milliseconds: 60_000)
        server.drain()
        server.pass(milliseconds: 999)
        #expect(!server.hasClosed)
        server.pass(milliseconds: 1)
        #expect(server.outbound.closes == [.all])
    }

    @Test func `a quiescing channel drains`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        try server.send(get("/1"))
        #expect(try server.answers().first?["Connection"] == "close")
    }

    @Test func `a connection that comes in a drain drains too`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.drain()
        let channel = EmbeddedChannel(loop: server.channel.embeddedEventLoop)
        let (_, work) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
        let connection = HTTP1Connection(
            configuration: server.connection.configuration,
            loop: server.loop,
            application: server.application,
            work: work
        )
        try channel.pipeline.syncOperations.addHandler(connection)
        #expect(connection.machine.isDraining)
        #expect(server.loop.connectionCount == 2)
        _ = try channel.finish(acceptAlreadyClosed: true)
        #expect(server.loop.connectionCount == 1)
    }

    @Test func `an abandoned connection answers 503 and closes`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1"))
        server.loop.abandon()
        server.channel.embeddedEventLoop.run()
        let answers = try server.answers()
        #expect(answers.map(\.status) == [503])
        #expect(answers.first?["Connection"] == "close")
        #expect(server.application.faults == [.shuttingDown])
        #expect(server.outbound.closes.last == .all)
        server.application.answerNext()
        #expect(try server.sent().isEmpty)
        #expect(server.application.fates == [.refused])
    }

    @Test func `an answer learns whether it was sent`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1"))
        server.application.answerNext()
        try server.send(get("/2"))
        server.channel.pipeline.fireChannelInactive()
        server.application.answerNext()
        #expect(server.application.fates == [.sent, .clientGone])
    }

    @Test(arguments: [false, true]) func `an answer holds its charge until it has left`(closes: Bool) throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        server.application.charge = (server.budget, 1000)
        server.outbound.takesBytes = false
        try server.send(closes ? "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" : get("/1"))
        server.application.answerNext()
        #expect(server.budget.inUse == 1000)
        server.outbound.takesBytes = true
        server.channel.flush()
        #expect(try server.answers().map(\.status) == [200])
        #expect(server.budget.inUse == 0)
    }

    @Test func `an abandoned connection on which nothing waits only closes`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(get("/1"))
        _ = try server.sent()
        server.loop.abandon()
        server.channel.embeddedEventLoop.run()
        #expect(try server.sent().isEmpty)
        #expect(server.outbound.closes == [.all])
    }

    @Test func `work for a task that has ended is refused`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .inTask
        try server.send(get("/1"))
        #expect(try server.sent().isEmpty)
        let other = try ConnectionHarness()
        defer { other.end() }
        other.application.mode = .inTask
        other.workContinuation.finish()
        try other.send(get("/1"))
        #expect(try other.answers().map(\.status) == [503])
        #expect(other.application.faults == [.shuttingDown])
        other.closeInput()
        #expect(other.outbound.closes.last == .all)
    }

    @Test func `an empty line behind a body begins no request`() throws {
        for line in ["\r\n", "\r\n\r\n", "\r"] {
            let server = try ConnectionHarness()
            defer { server.end() }
            try server.send(part + "hello" + line)
            #expect(try server.answers().map(\.status) == [200])
            #expect(server.connection.machine.state == .idle)
            #expect(server.connection.inbound.readableBytes == (line == "\r" ? 1 : 0))
            server.pass(milliseconds: 20_000)
            #expect(!server.hasClosed)
            try server.send((line == "\r" ? "\n" : "") + get("/1"))
            #expect(try server.answers().map(\.body) == ["/1|"])
            try server.send(line)
            server.drain()
            server.pass(milliseconds: 1000)
            #expect(server.outbound.closes == [.all])
            #expect(try server.sent().isEmpty)
        }
    }

    @Test func `half an empty line that becomes none is refused`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send("\r")
        try server.send(get("/1"))
        #expect(try server.answers().map(\.status) == [400])
    }

    @Test func `a request that nobody waits for is called back at once`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1"))
        let exchange = try #require(server.application.waiting.first?.exchange)
        let waiting = RecordingRequest()
        exchange.cancel(with: CancellationHandle(waiting))
        #expect(waiting.cancelCount == 0)
        server.application.answerNext()
        #expect(waiting.cancelCount == 0)
        let late = RecordingRequest()
        exchange.cancel(with: CancellationHandle(late))
        #expect(late.cancelCount == 1)
    }

    @Test func `a client that sends on while it waits is no longer read from`() throws {
        let server = try ConnectionHarness { $0.maxPipelinedBytes = 100 }
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1"))
        #expect(server.reads)
        try server.send(get("/2") + get("/3") + get("/4"))
        #expect(server.reads)
        try server.send(get("/5") + get("/6"))
        #expect(!server.reads)
        server.application.answerNext()
        #expect(!server.reads)
        server.application.answerNext()
        #expect(server.reads)
        while !server.application.waiting.isEmpty { server.application.answerNext() }
        #expect(try server.answers().map(\.body) == (1...6).map { "/\($0)|" })
    }

    @Test func `a connection that ends is read from again, for the client's close`() throws {
        let server = try ConnectionHarness { $0.maxPipelinedBytes = 100 }
        defer { server.end() }
        server.application.mode = .later
        let last = "GET /0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        try server.send(last + (1...9).map { get("/\($0)") }.joined())
        #expect(!server.reads)
        server.application.answerNext()
        #expect(server.outbound.closes == [.output])
        #expect(server.reads)
    }

    @Test func `requests wait while the client takes no answers`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.setWritable(false)
        try server.send(get("/1") + get("/2"))
        #expect(server.application.requests.isEmpty)
        server.setWritable(true)
        server.channel.pipeline.fireChannelReadComplete()
        #expect(try server.answers().map(\.body) == ["/1|", "/2|"])
    }

    @Test func `answers leave as soon as the client takes them again`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.setWritable(false)
        try server.send(get("/1") + get("/2") + "GET /3")
        server.setWritable(true)
        #expect(try server.answers().map(\.body) == ["/1|", "/2|"])
    }

    @Test func `a client that takes no answers is no longer read from`() throws {
        // Else whoever sends requests and never reads fills the memory for as long as the write limit lasts.
        let server = try ConnectionHarness { $0.maxPipelinedBytes = 1000 }
        defer { server.end() }
        server.setWritable(false)
        for _ in 0..<100 { try server.send(get("/1")) }
        #expect(!server.reads)
    }

    @Test func `a client that takes no answers is closed in the end`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(get("/1"))
        server.setWritable(false)
        server.pass(milliseconds: 29_999)
        #expect(!server.hasClosed)
        server.pass(milliseconds: 1)
        #expect(server.outbound.closes == [.all])
    }

    @Test func `a client that takes its answers slowly isn't closed before it stops`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(get("/1"))
        server.setWritable(false)
        for count in stride(from: 1000, to: 100, by: -100) {
            server.setStillToWrite(count)
            server.pass(milliseconds: 29_999)
            #expect(!server.hasClosed)
        }
        server.pass(milliseconds: 29_999)
        #expect(!server.hasClosed)
        server.pass(milliseconds: 1)
        #expect(server.outbound.closes == [.all])
    }

    @Test func `a drain doesn't cut off an answer that is still leaving`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(get("/1"))
        _ = try server.sent()
        server.setStillToWrite(1000)
        server.drain()
        server.pass(milliseconds: 20_000)
        #expect(!server.hasClosed)
        server.channel.flush()
        server.pass(milliseconds: 250)
        #expect(!server.hasClosed)
        server.pass(milliseconds: 1000)
        #expect(server.outbound.closes == [.all])
    }

    @Test func `the wait for the client's close begins when the last answer has left`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.outbound.takesBytes = false
        try server.send("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        server.pass(milliseconds: 20_000)
        #expect(!server.hasClosed)
        server.outbound.takesBytes = true
        server.channel.flush()
        #expect(try server.answers().map(\.body) == ["/1|"])
        #expect(server.outbound.closes == [.output])
        server.pass(milliseconds: 1999)
        #expect(server.outbound.closes == [.output])
        server.pass(milliseconds: 1)
        #expect(server.outbound.closes == [.output, .all])
    }

    @Test func `a last answer that nobody takes doesn't keep its connection for ever`() throws {
        // It is too short to make the channel unwritable.
        let server = try ConnectionHarness()
        defer { server.end() }
        server.outbound.takesBytes = false
        try server.send("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        server.pass(milliseconds: 29_999)
        #expect(!server.hasClosed)
        server.pass(milliseconds: 1)
        #expect(server.outbound.closes == [.all])
    }
}
