import ApusCore
import NIOCore
import Testing

@testable import ApusListener

/// Requests, their order and their answers on one connection.
struct HTTP1ConnectionTests {
    private func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    private func post(_ path: String, _ body: String, _ fields: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func `a request is answered`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(post("/a", "hello"))
        let answers = try server.answers()
        #expect(answers.map(\.status) == [200])
        #expect(answers.map(\.body) == ["/a|hello"])
        #expect(answers.first?["Connection"] == nil)
        #expect(answers.first?["Date"]?.utf8.count == 29)
        #expect(!server.hasClosed)
        #expect(server.application.requests == [FakeApplication.Request(verb: "POST", path: "/a", body: "hello")])
    }

    @Test func `a request that is split anywhere is the same`() throws {
        let bytes = Array((post("/a", "hello") + get("/b")).utf8)
        for split in 1..<bytes.count {
            let server = try ConnectionHarness()
            defer { server.end() }
            try server.send(Array(bytes[..<split]))
            try server.send(Array(bytes[split...]))
            #expect(try server.answers().map(\.body) == ["/a|hello", "/b|"], "split at \(split)")
            #expect(server.budget.inUse == 0)
        }
    }

    @Test func `a chunked request that is split anywhere is the same`() throws {
        let text = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\n\r\n"
        let bytes = Array((text + get("/b")).utf8)
        for split in 0..<bytes.count {
            let server = try ConnectionHarness()
            defer { server.end() }
            try server.send(Array(bytes[..<split]))
            try server.send(Array(bytes[split...]))
            #expect(try server.answers().map(\.body) == ["/a|hello", "/b|"], "split at \(split)")
            #expect(server.budget.inUse == 0)
        }
    }

    @Test func `requests that arrive byte by byte are answered`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        for byte in (post("/a", "hello") + get("/b")).utf8 { try server.send([byte]) }
        #expect(try server.answers().map(\.body) == ["/a|hello", "/b|"])
    }

    @Test func `pipelined requests are answered in order`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send((0..<50).map { post("/\($0)", "x") }.joined())
        server.giveTurns()
        #expect(try server.answers().map(\.body) == (0..<50).map { "/\($0)|x" })
        // They leave together.
        #expect(server.outbound.flushCount < 5)
    }

    @Test func `pipelined requests are answered in order when answers come late`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1") + post("/2", "b") + get("/3"))
        #expect(server.application.requests.map(\.path) == ["/1"])
        #expect(try server.sent().isEmpty)
        server.application.answerNext()
        #expect(try server.answers().map(\.body) == ["/1|"])
        #expect(server.application.requests.map(\.path) == ["/1", "/2"])
        try server.send(get("/4"))
        server.application.answerNext()
        server.application.answerNext()
        server.application.answerNext()
        #expect(try server.answers().map(\.body) == ["/2|b", "/3|", "/4|"])
        server.application.answerNext()
        #expect(try server.sent().isEmpty)
    }

    @Test func `an answer behind a late one leaves at once, though part of a further request has come`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1") + get("/2") + "GET /3 HT")
        server.application.mode = .atOnce
        server.application.answerNext()
        #expect(try server.answers().map(\.body) == ["/1|", "/2|"])
    }

    @Test func `an answer behind a late one doesn't wait for the next one, which is late too`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1") + get("/2") + get("/3"))
        server.application.mode = .atOnce
        server.application.content = { request in
            if request.path == "/2" { server.application.mode = .later }
            return request.path
        }
        server.application.answerNext()
        server.application.content = { $0.path }
        #expect(server.application.requests.map(\.path) == ["/1", "/2", "/3"])
        #expect(try server.answers().map(\.body) == ["/1", "/2"])
    }

    @Test func `an answer to an old request is dropped`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.mode = .later
        try server.send(get("/1") + get("/2"))
        let old = try #require(server.application.waiting.first?.exchange)
        server.application.answerNext()
        #expect(try server.answers().map(\.body) == ["/1|"])
        old.answer(HTTPResponseHead(status: 200), bytes: Array("again".utf8))
        #expect(try server.sent().isEmpty)
        server.application.answerNext()
        #expect(try server.answers().map(\.body) == ["/2|"])
        old.answer(HTTPResponseHead(status: 200), bytes: Array("again".utf8))
        #expect(try server.sent().isEmpty)
    }

    @Test func `an answer that comes when the connection has gone is dropped`() throws {
        let server = try ConnectionHarness()
        server.application.mode = .later
        try server.send(get("/1"))
        server.end()
        server.application.answerNext()
        #expect(try server.sent().isEmpty)
        #expect(server.loop.connectionCount == 0)
    }

    @Test func `HEAD is answered without a body, and the next request as usual`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send("HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/2"))
        let answers = try server.answers(verbs: ["HEAD", "GET"])
        #expect(answers.map(\.body) == ["", "/2|"])
        #expect(answers.first?["Content-Length"] == "3")
    }

    @Test func `a fault behind a HEAD request is answered with its body`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send("HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try server.sent()
        try server.send("GET /2 HTTP/1.1\r\n")
        server.pass(milliseconds: 10_000)
        #expect(try server.answers().map(\.body) == ["headTimeout"])
    }

    @Test(arguments: [
        ("1.1", "", false), ("1.1", "Connection: close\r\n", true), ("1.0", "", true),
        ("1.0", "Connection: keep-alive\r\n", false),
    ])
    func `a connection is kept or closed as the client wants`(_ version: String, _ field: String, _ closes: Bool) throws
    {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send("GET /1 HTTP/\(version)\r\nHost: a\r\n\(field)\r\n")
        let answers = try server.answers()
        #expect(answers.map(\.status) == [200])
        #expect((answers.first?["Connection"] == "close") == closes)
        #expect(server.outbound.closes == (closes ? [.output] : []))
    }

    @Test func `nothing behind the last request is looked at`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(get("/1", "Connection: close\r\n") + get("/2"))
        try server.send(get("/3"))
        #expect(try server.answers().map(\.body) == ["/1|"])
        #expect(server.application.requests.count == 1)
        #expect(server.connection.inbound.readableBytes == 0)
    }

    @Test func `bytes that are no request are answered and the connection ends`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        try server.send(get("/1") + "GET\t/2 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/3"))
        let answers = try server.answers()
        #expect(answers.map(\.status) == [200, 400])
        #expect(answers.last?["Connection"] == "close")
        #expect(server.outbound.closes == [.output])
        #expect(server.application.faults == [.requestLine])
        #expect(server.application.requests.count == 1)
    }

    @Test func `memory of a long pipeline of requests is given back while it lasts`() throws {
        // Each read ends in the middle of a request, so that the buffer is never empty.
        let server = try ConnectionHarness()
        defer { server.end() }
        let request = Array(get("/a", "X: \(String(repeating: "x", count: 900))\r\n").utf8)
        try server.send(Array(request[..<10]))
        let part = Array(request[10...] + request[..<10])
        for _ in 0..<2000 { try server.send(part) }
        #expect(server.application.requests.count == 2000)
        // 2 MB have gone through.
        #expect(server.connection.inbound.storageCapacity <= 256 << 10)
    }

    @Test func `memory of a large answer is kept by nobody`() throws {
        let server = try ConnectionHarness()
        defer { server.end() }
        server.application.content = { _ in String(repeating: "x", count: 8 << 20) }
        try server.send(get("/1"))
        #expect(try server.sent().count > 8 << 20)
        #expect(server.connection.loop.takeSpare().storageCapacity <= 1 << 20)
    }

    @Test func `random requests, cut at random, are all answered in order`() throws {
        var random = SplitMix.seeded("pipelines")
        for _ in 0..<30 {
            let server = try ConnectionHarness()
            defer { server.end() }
            var text = ""
            var expected: [String] = []
            for index in 0..<30 {
                let body = String(repeating: "b", count: Int.random(in: 0...60, using: &random))
                switch Int.random(in: 0..<3, using: &random) {
                case 0:
                    text += get("/\(index)")
                    expected.append("/\(index)|")
                case 1:
                    text += post("/\(index)", body)
                    expected.append("/\(index)|\(body)")
                default:
                    let chunk = body.isEmpty ? "" : "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n"
                    text += "PUT /\(index) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)0\r\n\r\n"
                    expected.append("/\(index)|\(body)")
                }
            }
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                server.application.mode = Bool.random(using: &random) ? .later : .atOnce
                let part = rest.prefix(Int.random(in: 1...200, using: &random))
                rest = rest.dropFirst(part.count)
                try server.send(Array(part))
                if Bool.random(using: &random) { server.application.answerNext() }
            }
            while !server.application.waiting.isEmpty { server.application.answerNext() }
            // Whatever still waits to be flushed leaves with the next read.
            server.completeRead()
            #expect(try server.answers().map(\.body) == expected)
            #expect(server.budget.inUse == 0)
        }
    }
}
