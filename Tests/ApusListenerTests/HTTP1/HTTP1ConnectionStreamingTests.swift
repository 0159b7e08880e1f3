import ApusCore
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import ApusListener

/// Answers in parts on an HTTP/1 connection.
struct HTTP1ConnectionStreamingTests {
    private let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

    /// A connection with one request that waits for its answer.
    private func makeServer(
        _ request: String? = nil,
        timeouts: ConnectionTimeouts = ConnectionTimeouts()
    ) throws -> (ConnectionHarness, HTTPExchange) {
        let server = try ConnectionHarness(timeouts: timeouts)
        server.application.mode = .later
        try server.send(request ?? get)
        return (server, try #require(server.application.waiting.first).exchange)
    }

    private func append(_ text: String, to exchange: HTTPExchange) -> HTTPAnswerFate {
        var part = exchange.makeBody()
        part.buffer.writeString(text)
        return exchange.append(part)
    }

    private func text(_ server: ConnectionHarness) throws -> String {
        String(decoding: try server.sent(), as: UTF8.self)
    }

    @Test func `parts leave as chunks, each at once`() throws {
        let (server, exchange) = try makeServer()
        defer { server.end() }
        #expect(exchange.begin(HTTPResponseHead(status: 200, contentType: "text/event-stream")) == .sent)
        let head = try text(server)
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"))
        #expect(head.hasSuffix("\r\n\r\n"))
        #expect(!head.contains("Content-Length"))
        #expect(append("hello", to: exchange) == .sent)
        #expect(try text(server) == "5\r\nhello\r\n")
        #expect(append("", to: exchange) == .sent)
        #expect(try text(server).isEmpty)
        #expect(append(String(repeating: "x", count: 300), to: exchange) == .sent)
        #expect(try text(server) == "12c\r\n\(String(repeating: "x", count: 300))\r\n")
        #expect(exchange.end() == .sent)
        #expect(try text(server) == "0\r\n\r\n")
        #expect(!server.hasClosed)
        // The connection goes on.
        server.application.mode = .atOnce
        try server.send(get)
        #expect(try server.answers().map(\.status) == [200])
        // And nothing is left to be said on the old one.
        #expect(append("late", to: exchange) == .clientGone)
        #expect(exchange.end() == .clientGone)
        #expect(try text(server).isEmpty)
    }

    @Test func `a pipelined request waits for the last part`() throws {
        let (server, exchange) = try makeServer(get + get)
        defer { server.end() }
        exchange.begin(HTTPResponseHead(status: 200))
        _ = append("1", to: exchange)
        #expect(server.application.requests.count == 1)
        exchange.end()
        #expect(server.application.requests.count == 2)
    }

    @Test func `an HTTP/1.0 client gets bytes up to the connection's end`() throws {
        let (server, exchange) = try makeServer("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        defer { server.end() }
        exchange.begin(HTTPResponseHead(status: 200))
        _ = append("hello", to: exchange)
        let sent = try text(server)
        #expect(!sent.contains("chunked") && !sent.contains("Content-Length"))
        #expect(sent.contains("\r\nConnection: close\r\n"))
        #expect(sent.hasSuffix("\r\n\r\nhello"))
        #expect(!server.hasClosed)
        exchange.end()
        #expect(try text(server).isEmpty)
        #expect(server.hasClosed)
    }

    @Test func `HEAD gets the head alone`() throws {
        let (server, exchange) = try makeServer("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n")
        defer { server.end() }
        exchange.begin(HTTPResponseHead(status: 200))
        _ = append("hello", to: exchange)
        exchange.end()
        let sent = try text(server)
        #expect(sent.hasSuffix("\r\n\r\n"))
        #expect(!sent.contains("hello"))
    }

    @Test func `a second head, and a whole answer behind the head, are dropped`() throws {
        let (server, exchange) = try makeServer()
        defer { server.end() }
        exchange.begin(HTTPResponseHead(status: 200))
        _ = try server.sent()
        exchange.begin(HTTPResponseHead(status: 500))
        exchange.answer(HTTPResponseHead(status: 500), bytes: [1])
        #expect(try server.sent().isEmpty)
    }

    @Test func `a slow client is felt, and goes on when it takes bytes again`() throws {
        let (server, exchange) = try makeServer()
        defer { server.end() }
        exchange.begin(HTTPResponseHead(status: 200))
        #expect(exchange.demand == 1)
        server.setWritable(false)
        #expect(exchange.demand == 0)
        let resumed = Atomic(0)
        exchange.whenDemanded { resumed.add(1, ordering: .relaxed) }
        #expect(resumed.load(ordering: .relaxed) == 0)
        server.setWritable(true)
        server.setWritable(false)
        server.setWritable(true)
        #expect(resumed.load(ordering: .relaxed) == 1)
        #expect(exchange.demand == 1)
    }

    @Test func `a client that takes nothing is given up`() throws {
        var timeouts = ConnectionTimeouts()
        timeouts.write = 1_000_000_000
        let (server, exchange) = try makeServer(timeouts: timeouts)
        defer { server.end() }
        let request = RecordingRequest()
        exchange.cancel(with: CancellationHandle(request))
        exchange.begin(HTTPResponseHead(status: 200))
        server.setWritable(false)
        let resumed = Atomic(0)
        exchange.whenDemanded { resumed.add(1, ordering: .relaxed) }
        server.pass(milliseconds: 900)
        #expect(request.cancelCount == 0)
        server.pass(milliseconds: 200)
        #expect(request.cancelCount == 1)
        // Whoever waits for demand finds out that nobody is there any more.
        #expect(resumed.load(ordering: .relaxed) == 1)
        #expect(exchange.demand == 1)
        #expect(append("x", to: exchange) == .clientGone)
    }

    @Test func `a part's charge is held until it has left`() throws {
        let (server, exchange) = try makeServer()
        defer { server.end() }
        exchange.begin(HTTPResponseHead(status: 200))
        server.outbound.takesBytes = false
        var part = exchange.makeBody()
        part.buffer.writeString("hello")
        part.charge = ByteCharge(1000, from: server.budget)
        exchange.append(part)
        #expect(server.budget.inUse == 1000)
        server.outbound.takesBytes = true
        server.channel.flush()
        server.channel.embeddedEventLoop.run()
        #expect(server.budget.inUse == 0)
    }

    @Test func `a drain ends the connection behind the last part`() throws {
        let (server, exchange) = try makeServer()
        defer { server.end() }
        exchange.begin(HTTPResponseHead(status: 200))
        server.drain()
        _ = append("x", to: exchange)
        #expect(!server.hasClosed)
        exchange.end()
        #expect(try text(server).hasSuffix("0\r\n\r\n"))
        #expect(server.hasClosed)
    }

    @Test func `an answer that is broken off has no last chunk`() throws {
        let (server, exchange) = try makeServer()
        defer { server.end() }
        exchange.begin(HTTPResponseHead(status: 200))
        _ = append("x", to: exchange)
        exchange.breakOff()
        server.channel.embeddedEventLoop.run()
        #expect(try text(server).hasSuffix("1\r\nx\r\n"))
        #expect(server.hasClosed)
    }

    @Test func `the end of the server breaks it off without a second head`() throws {
        let (server, exchange) = try makeServer()
        defer { server.end() }
        let request = RecordingRequest()
        exchange.cancel(with: CancellationHandle(request))
        exchange.begin(HTTPResponseHead(status: 200))
        _ = try server.sent()
        server.connection.abandon()
        server.channel.embeddedEventLoop.run()
        #expect(try text(server).isEmpty)
        #expect(request.cancelCount == 1)
        #expect(server.hasClosed)
    }
}
