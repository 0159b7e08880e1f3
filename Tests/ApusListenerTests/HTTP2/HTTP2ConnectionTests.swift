import ApusCore
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Synchronization
import Testing

@testable import ApusListener

/// Requests over HTTP on streams of one connection.
struct HTTP2ConnectionTests {
    @Test func `requests are answered`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let first = try it.get("/a?b=c")
        let second = try it.post("/x", "hello")
        #expect(it.answers[first]?.status == "200")
        #expect(it.answers[first]?.body == "/a|")
        #expect(it.answers[first]?.fields["content-length"] == "3")
        #expect(it.answers[first]?.fields["date"]?.utf8.count == 29)
        #expect(it.answers[second]?.body == "/x|hello")
        #expect(it.answers[second]?.hasEnded == true)
        #expect(it.answers[second]?.reset == nil)
        #expect(it.application.requests.map(\.verb) == ["GET", "POST"])
        #expect(it.budget.inUse == 0)
        #expect(try it.connection.streams.isEmpty)
    }

    @Test func `HTTP/1 on the same port is still HTTP/1, however its first bytes are cut`() throws {
        let bytes = Array("PRINT /a HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        for split in 0..<bytes.count {
            let it = try HTTP1OnDetectingPort()
            defer { it.end() }
            if split > 0 { try it.send(Array(bytes[..<split])) }
            try it.send(Array(bytes[split...]))
            #expect(it.application.requests.map(\.verb) == ["PRINT"], "split at \(split)")
        }
    }

    @Test func `the head's fields reach the application as over HTTP/1`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        var seen: HTTPRequestHead?
        it.application.admission = { head in
            seen = head
            return .accept(AdmittedOperation(operation: .infer))
        }
        try it.post(
            "/v2/models/a%20b/infer?x=1",
            "abc",
            [
                ("inference-header-content-length", "2"), ("content-encoding", "gzip"), ("accept-encoding", "gzip"),
                ("authorization", "Bearer x"), ("apus-timeout", "5S"), ("apus-timing", "1"), ("content-length", "3"),
            ]
        )
        let head = try #require(seen)
        #expect(head.verb == "POST" && head.method == .post)
        #expect(head.text(head.path) == "/v2/models/a%20b/infer" && head.text(head.query) == "x=1")
        #expect(head.hasPath("/v2/models/a%20b/infer"))
        #expect(head.inferenceHeaderLength.flatMap { head.decimal($0) } == 2)
        #expect(head.contentEncoding.map { head.text($0) } == "gzip")
        #expect(head.acceptEncoding.map { head.text($0) } == "gzip")
        #expect(head.authorization.map { head.text($0) } == "Bearer x")
        #expect(head.timeout.map { head.text($0) } == "5S")
        #expect(head.asksForTiming && head.contentLength == 3 && !head.isChunked)
        #expect(head.fields.map { head.text($0.name) }.contains("host"))
    }

    @Test(arguments: [
        [(":path", "a")], [(":path", "/a#b")], [(":path", "/a b")], [(":path", "/a\u{7f}")], [(":path", "/a\tb")],
    ])
    func `a target that HTTP/1 would refuse is refused`(fields: [(String, String)]) throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let stream = try it.open([(":method", "GET"), (":scheme", "http"), (":authority", "a")] + fields)
        // Either we refuse it or the frame layer does; the connection goes on.
        #expect(it.answers[stream]?.status == "400" || it.answers[stream]?.reset == .protocolError)
        #expect(it.application.requests.isEmpty)
        let next = try it.get("/b")
        #expect(it.answers[next]?.status == "200")
    }

    @Test func `too many fields are refused`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let stream = try it.get("/a", (0..<200).map { ("x\($0)", "y") })
        #expect(it.answers[stream]?.status == "431")
        #expect(try it.answers[it.get("/b")]?.status == "200")
    }

    @Test func `a body in many frames is merged, charged while it's held, and its window is given back`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.mode = .later
        let stream = try it.open(
            [(":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "a")],
            isLast: false
        )
        let part = String(repeating: "x", count: 100_000)
        for _ in 0..<50 { try it.send(stream, part) }
        try it.send(stream, "", isLast: true)
        #expect(it.application.requests.first?.body.utf8.count == 5_000_000)
        #expect(it.application.requests.first.map { $0.body.utf8.allSatisfy { $0 == UInt8(ascii: "x") } } == true)
        #expect(it.budget.inUse >= 5_000_000 - 16 << 10)
        it.application.answerNext()
        try it.exchange()
        #expect(it.answers[stream]?.status == "200")
        #expect(it.budget.inUse == 0)
    }

    @Test func `a body that doesn't fit the budget is refused, and the connection goes on`() throws {
        let it = try HTTP2Harness(budget: 200_000)
        defer { it.end() }
        let stream = try it.open(
            [(":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "a")],
            isLast: false
        )
        for _ in 0..<10 where it.answers[stream] == nil { try it.send(stream, String(repeating: "x", count: 50_000)) }
        #expect(it.answers[stream]?.status == "503")
        #expect(it.answers[stream]?.reset == .noError)
        #expect(it.budget.inUse == 0)
        #expect(try it.answers[it.post("/b", "x")]?.status == "200")
    }

    @Test func `a body above the limit is refused`() throws {
        var limits = InputLimits()
        limits.maxBodyBytes = 10
        let it = try HTTP2Harness(limits: limits)
        defer { it.end() }
        #expect(try it.answers[it.post("/a", "0123456789")]?.status == "200")
        #expect(try it.answers[it.post("/a", "0123456789a")]?.status == "413")
        #expect(try it.answers[it.post("/a", "0123456789a", [("content-length", "11")])]?.status == "413")
    }

    @Test func `a refusal ends a request that is still being sent`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.admission = { _ in .refuse(HTTPResponseHead(status: 404), Array("no".utf8)) }
        let stream = try it.open(
            [(":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "a")],
            isLast: false
        )
        #expect(it.answers[stream]?.status == "404" && it.answers[stream]?.body == "no")
        #expect(it.answers[stream]?.reset == .noError)
        #expect(try it.connection.streams.isEmpty)
    }

    @Test func `answers come in the order in which they are made`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.mode = .later
        let streams = try (0..<5).map { try it.get("/\($0)") }
        it.application.waiting.reverse()
        it.application.answerNext()
        try it.exchange()
        #expect(it.answers[streams[4]]?.body == "/4|")
        #expect(it.answers[streams[0]] == nil)
        for _ in 0..<4 { it.application.answerNext() }
        try it.exchange()
        #expect(streams.map { it.answers[$0]?.body } == (0..<5).map { "/\($0)|" })
    }

    @Test func `a reset calls the request back and its answer is dropped`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.mode = .later
        let stream = try it.get("/a")
        let request = RecordingRequest()
        it.application.waiting.first?.exchange.cancel(with: CancellationHandle(request))
        try it.reset(stream)
        #expect(request.cancelCount == 1)
        it.application.answerNext()
        #expect(it.application.fates == [.clientGone])
        #expect(try it.connection.streams.isEmpty)
        #expect(try it.answers[it.get("/b")] == nil)
    }

    @Test func `the client's end calls all requests back`() throws {
        let it = try HTTP2Harness()
        it.application.mode = .later
        let requests = try (0..<3).map { number in
            try it.get("/\(number)")
            let request = RecordingRequest()
            it.application.waiting.last?.exchange.cancel(with: CancellationHandle(request))
            return request
        }
        it.end()
        #expect(requests.map(\.cancelCount) == [1, 1, 1])
    }

    @Test func `an answer larger than the client's window waits for it, and holds its charge until then`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.content = { _ in String(repeating: "x", count: 200_000) }
        it.application.mode = .later
        it.application.charge = (it.budget, 200_000)
        let stream = try it.get("/a")
        it.application.answerNext()
        try it.exchange()
        #expect(it.answers[stream]?.body.utf8.count == 65_535)
        #expect(it.budget.inUse == 200_000)
        try it.open(window: 1 << 20, of: 0)
        #expect(it.answers[stream]?.body.utf8.count == 65_535)
        try it.open(window: 1 << 20, of: stream)
        #expect(it.answers[stream]?.body.utf8.count == 200_000)
        #expect(it.answers[stream]?.hasEnded == true)
        #expect(it.budget.inUse == 0)
        #expect(try it.connection.unsent == 0)
    }

    @Test func `a client that takes nothing of its answer is given up, one that takes a little isn't`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.content = { _ in String(repeating: "x", count: 200_000) }
        let stream = try it.get("/a")
        for _ in 0..<4 {
            try it.pass(milliseconds: 25_000)
            try it.open(window: 2000, of: stream)
            try it.open(window: 2000, of: 0)
        }
        #expect(it.answers[stream]?.reset == nil)
        // Windows of a few bytes are no progress.
        for _ in 0..<4 {
            try it.pass(milliseconds: 10_000)
            if it.answers[stream]?.reset == nil { try it.open(window: 10, of: stream) }
        }
        #expect(it.answers[stream]?.reset == .cancel)
        #expect(try it.connection.streams.isEmpty)
        #expect(try it.connection.unsent == 0)
    }

    @Test func `small answers that nobody takes are charged`() throws {
        let it = try HTTP2Harness(
            budget: 300_000,
            clientSettings: [HTTP2Setting(parameter: .initialWindowSize, value: 0)]
        )
        defer { it.end() }
        it.application.content = { _ in String(repeating: "x", count: 10_000) }
        for number in 0..<100 { try it.get("/\(number)") }
        #expect(it.budget.inUse > 250_000)
        #expect(it.answers.values.contains { $0.reset == .enhanceYourCalm })
        it.end()
        #expect(it.budget.inUse == 0)
    }

    @Test func `many requests at once take turns`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        var bytes = ByteBuffer()
        for number in 0..<90 {
            let frame = HTTP2Frame(
                streamID: HTTP2StreamID(number * 2 + 1),
                payload: .headers(
                    .init(
                        headers: HPACKHeaders([
                            (":method", "GET"), (":scheme", "http"), (":path", "/\(number)"), (":authority", "a"),
                        ]),
                        endStream: true
                    )
                )
            )
            it.client.write(frame, promise: nil)
        }
        it.client.flush()
        while case .byteBuffer(var part) = try it.client.readOutbound(as: IOData.self) { bytes.writeBuffer(&part) }
        try it.server.writeInbound(bytes)
        #expect(it.application.requests.count == 32)
        try it.exchange()
        #expect(it.application.requests.count == 90)
        #expect(it.answers.values.filter { $0.status == "200" }.count == 90)
    }

    @Test func `HEAD gets the length and no body`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let stream = try it.open([(":method", "HEAD"), (":scheme", "http"), (":path", "/a"), (":authority", "a")])
        #expect(it.answers[stream]?.fields["content-length"] == "3")
        #expect(it.answers[stream]?.body == "" && it.answers[stream]?.hasEnded == true)
    }

    @Test func `a client that asks whether to go on is told so`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let head = [(":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "a")]
        let stream = try it.open(head + [("expect", "100-continue")], isLast: false)
        #expect(it.answers[stream]?.status == "100")
        try it.send(stream, "x", isLast: true)
        #expect(it.answers[stream]?.status == "200")
    }

    @Test func `an answer in parts`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.mode = .later
        let stream = try it.get("/a")
        let exchange = try #require(it.application.waiting.first).exchange
        #expect(exchange.begin(HTTPResponseHead(status: 200, contentType: "text/event-stream")) == .sent)
        try it.exchange()
        #expect(it.answers[stream]?.fields["content-type"] == "text/event-stream")
        #expect(it.answers[stream]?.fields["content-length"] == nil)
        func append(_ text: String) -> HTTPAnswerFate {
            var part = exchange.makeBody()
            part.buffer.writeString(text)
            return exchange.append(part)
        }
        #expect(append("one") == .sent)
        try it.exchange()
        #expect(it.answers[stream]?.body == "one")
        #expect(exchange.demand == 1)
        _ = append(String(repeating: "x", count: 200_000))
        try it.exchange()
        #expect(exchange.demand == 0)
        let resumed = Atomic(0)
        exchange.whenDemanded { resumed.add(1, ordering: .relaxed) }
        try it.open(window: 1 << 20, of: 0)
        #expect(resumed.load(ordering: .relaxed) == 0)
        try it.open(window: 1 << 20, of: stream)
        #expect(resumed.load(ordering: .relaxed) == 1)
        #expect(exchange.demand == 1)
        #expect(exchange.end() == .sent)
        try it.exchange()
        #expect(it.answers[stream]?.hasEnded == true)
        #expect(it.answers[stream]?.body.utf8.count == 200_003)
        #expect(append("late") == .clientGone)
    }

    @Test func `an answer in parts that is broken off is reset`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.mode = .later
        let stream = try it.get("/a")
        let exchange = try #require(it.application.waiting.first).exchange
        exchange.begin(HTTPResponseHead(status: 200))
        exchange.breakOff()
        try it.exchange()
        #expect(it.answers[stream]?.reset == .internalError)
        #expect(exchange.demand == 1 && exchange.fate == .clientGone)
    }
}

/// A connection behind the detector whose client speaks HTTP/1.
private final class HTTP1OnDetectingPort {
    let channel = EmbeddedChannel()
    let application = FakeApplication()

    init() throws {
        let loop = LoopServices(eventLoop: channel.eventLoop, time: ManualTime())
        let (_, continuation) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
        let choice = ProtocolChoice(
            configuration: ListenerConfiguration(
                limits: InputLimits(),
                timeouts: ConnectionTimeouts(),
                budget: ByteBudget(limit: 1 << 20),
                maxConnections: 1
            ),
            loop: loop,
            applications: LoopApplications(http: application),
            work: continuation
        )
        try channel.pipeline.syncOperations.addHandler(ProtocolDetector(choice: choice))
    }

    func send(_ bytes: [UInt8]) throws {
        try channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    func end() {
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }
}
