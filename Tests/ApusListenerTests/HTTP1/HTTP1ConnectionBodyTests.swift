import ApusCore
import NIOCore
import Testing

@testable import ApusListener

/// What a connection allows the bodies of requests.
struct HTTP1ConnectionBodyTests {
    private var limits: InputLimits {
        var limits = InputLimits()
        limits.maxBodyBytes = 100
        return limits
    }

    private func head(_ fields: String) -> String {
        "POST /a HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n"
    }

    /// The connection has answered with one fault and ended.
    private func expectRefusal(_ server: ConnectionHarness, _ fault: HTTPParsingFault) throws {
        let answers = try server.answers()
        #expect(answers.map(\.status) == [fault.status])
        #expect(answers.first?["Connection"] == "close")
        #expect(server.application.faults == [fault])
        #expect(server.application.requests.isEmpty)
        #expect(server.outbound.closes == [.output])
        #expect(server.budget.inUse == 0)
    }

    @Test func `a declared body over the limit is refused before it comes`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send(head("Content-Length: 101"))
        try expectRefusal(server, .bodyTooLarge)
    }

    @Test func `a declared body over the limit is refused though it came with its head`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send(head("Content-Length: 101") + String(repeating: "x", count: 101))
        try expectRefusal(server, .bodyTooLarge)
    }

    @Test func `the largest length that can be declared is refused`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send(head("Content-Length: \(Int.max)"))
        try expectRefusal(server, .bodyTooLarge)
    }

    @Test func `a body at the limit is taken`() throws {
        let body = String(repeating: "x", count: 100)
        for split in [0, 1, 99, 100] {
            let server = try ConnectionHarness(limits: limits)
            defer { server.end() }
            try server.send(head("Content-Length: 100") + body.prefix(split))
            try server.send(String(body.dropFirst(split)))
            #expect(try server.answers().map(\.body) == ["/a|\(body)"])
        }
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send(
            head("Transfer-Encoding: chunked") + "32\r\n\(body.prefix(50))\r\n32\r\n\(body.prefix(50))\r\n0\r\n\r\n"
        )
        #expect(try server.answers().map(\.body) == ["/a|\(body)"])
    }

    @Test func `a chunked body over the limit is refused when it gets there`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send(head("Transfer-Encoding: chunked"))
        let chunk = "32\r\n\(String(repeating: "x", count: 50))\r\n"
        try server.send(chunk)
        try server.send(chunk)
        #expect(server.budget.inUse == 100)
        #expect(try server.sent().isEmpty)
        try server.send("1\r\nx\r\n")
        try expectRefusal(server, .bodyTooLarge)
    }

    @Test func `one chunk over the limit is refused`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send(head("Transfer-Encoding: chunked") + "65\r\n" + String(repeating: "x", count: 101))
        try expectRefusal(server, .bodyTooLarge)
    }

    @Test func `a malformed chunk is refused`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send(head("Transfer-Encoding: chunked") + "1\r\na\r\n")
        #expect(server.budget.inUse == 1)
        try server.send("x\r\n")
        try expectRefusal(server, .chunk)
    }

    @Test func `a body that the budget hasn't room for is refused and charged no more`() throws {
        let server = try ConnectionHarness(limits: limits, budget: 50)
        defer { server.end() }
        try server.send(head("Content-Length: 60"))
        try server.send(String(repeating: "x", count: 50))
        #expect(server.budget.inUse == 50)
        try server.send("x")
        try expectRefusal(server, .budgetExhausted)
    }

    @Test func `a chunked body that the budget hasn't room for is refused`() throws {
        let server = try ConnectionHarness(limits: limits, budget: 50)
        defer { server.end() }
        try server.send(head("Transfer-Encoding: chunked") + "33\r\n" + String(repeating: "x", count: 51))
        try expectRefusal(server, .budgetExhausted)
    }

    @Test func `the budget is shared with everybody else`() throws {
        let server = try ConnectionHarness(limits: limits, budget: 50)
        defer { server.end() }
        #expect(server.budget.charge(45))
        try server.send(head("Content-Length: 10"))
        try server.send("1234567890")
        #expect(try server.answers().map(\.status) == [503])
        #expect(server.budget.inUse == 45)
        server.budget.release(45)
    }

    @Test func `a body is charged until its answer is written`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        server.application.mode = .later
        try server.send(head("Content-Length: 10"))
        try server.send("12345")
        #expect(server.budget.inUse == 5)
        try server.send("67890")
        #expect(server.budget.inUse == 10)
        server.application.answerNext()
        #expect(server.budget.inUse == 0)
        #expect(try server.answers().map(\.body) == ["/a|1234567890"])
    }

    @Test func `a body that came with its head is charged too`() throws {
        // ARCHITECTURE §3 point 7: bytes are charged as they arrive; here they wait for an engine.
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        server.application.mode = .later
        try server.send(head("Content-Length: 10") + "1234567890")
        #expect(server.application.requests.count == 1)
        #expect(server.budget.inUse == 10)
        server.application.answerNext()
        #expect(server.budget.inUse == 0)
    }

    @Test func `a connection that is dropped in the middle of a body gives its charge back`() throws {
        let server = try ConnectionHarness(limits: limits)
        try server.send(head("Content-Length: 10"))
        try server.send("12345")
        server.end()
        #expect(server.budget.inUse == 0)
        #expect(server.application.requests.isEmpty)
    }

    @Test func `a body that came in parts has memory behind it that can be read`() throws {
        for length in [1, 63, 64, 65, 100] {
            let server = try ConnectionHarness(limits: limits)
            defer { server.end() }
            try server.send(head("Content-Length: \(length)"))
            try server.send(String(repeating: "x", count: length))
            #expect((server.application.roomBehindBodies.first ?? 0) >= 64)
        }
    }

    @Test func `a client that waits for leave to send its body gets it`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send(head("Expect: 100-continue\r\nContent-Length: 5"))
        #expect(try server.sent() == Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        try server.send("hel")
        try server.send("lo")
        #expect(try server.answers().map(\.body) == ["/a|hello"])
    }

    @Test func `a client that waits for leave to send chunks gets it`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send(head("Expect: 100-continue\r\nTransfer-Encoding: chunked"))
        #expect(try server.sent() == Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        try server.send("5\r\nhello\r\n0\r\n\r\n")
        #expect(try server.answers().map(\.body) == ["/a|hello"])
    }

    @Test func `a client that didn't wait gets no leave`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send(head("Expect: 100-continue\r\nContent-Length: 5") + "hello")
        try server.send(head("Expect: 100-continue\r\nContent-Length: 5") + "he")
        try server.send("llo")
        try server.send(head("Expect: 100-continue\r\nContent-Length: 0"))
        #expect(try server.answers().map(\.status) == [200, 200, 200])
    }

    @Test func `a client of HTTP 1_0 gets no leave that it doesn't know`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send("POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        #expect(try server.sent().isEmpty)
        try server.send("hello")
        #expect(try server.answers().map(\.status) == [200])
    }

    @Test func `a client that waits for leave gets a refusal instead`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        try server.send(head("Expect: 100-continue\r\nContent-Length: 101"))
        try expectRefusal(server, .bodyTooLarge)
    }

    @Test(arguments: ["Content-Length: 5", "Transfer-Encoding: chunked", "Expect: 100-continue\r\nContent-Length: 5"])
    func `a refusal before the body closes the connection`(_ fields: String) throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        server.application.admission = { _ in .refuse(HTTPResponseHead(status: 403), Array("no".utf8)) }
        try server.send(head(fields) + "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n")
        let answers = try server.answers()
        #expect(answers.map(\.status) == [403])
        #expect(answers.map(\.body) == ["no"])
        #expect(answers.first?["Connection"] == "close")
        #expect(server.outbound.closes == [.output])
        #expect(server.application.requests.isEmpty)
        #expect(server.budget.inUse == 0)
    }

    @Test func `a refusal of a request without a body doesn't`() throws {
        let server = try ConnectionHarness(limits: limits)
        defer { server.end() }
        server.application.admission = {
            $0.text($0.path) == "/b"
                ? .accept(AdmittedOperation(operation: .infer))
                : .refuse(HTTPResponseHead(status: 404), Array("no".utf8))
        }
        try server.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        try server.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try server.answers().map(\.status) == [404, 404, 200])
        #expect(!server.hasClosed)
    }
}
