import ApusCore
import NIOCore
import NIOHTTP2
import Synchronization
import Testing

@testable import ApusListener

/// gRPC calls on streams of an HTTP/2 connection.
struct GRPCCallTests {
    @Test func `a call of one message`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let fields = [("grpc-timeout", "5S"), ("x-mine", "1"), ("grpc-accept-encoding", "gzip")]
        let stream = try it.call("/a/unary", fields)
        try it.message(stream, "hello", isLast: true)
        let answer = try #require(it.answers[stream])
        #expect(answer.status == "200" && answer.fields["content-type"] == "application/grpc")
        #expect(answer.bytes == HTTP2Harness.message("hello"))
        #expect(answer.trailers == ["grpc-status": "0"] && answer.hasEnded && answer.reset == nil)
        let head = try #require(it.grpc.heads.first)
        #expect(head.timeout == 5_000_000_000 && head.acceptsGzip)
        var seen: [String: String] = [:]
        head.forEachField { seen[$0] = $1 }
        #expect(seen == ["x-mine": "1", "grpc-timeout": "5S"])
        #expect(try it.connection.streams.isEmpty)
    }

    @Test func `a message that is split anywhere is the same`() throws {
        let bytes = HTTP2Harness.message("hello")
        for split in 0...bytes.count {
            let it = try HTTP2Harness()
            defer { it.end() }
            let stream = try it.call("/a/unary")
            try it.send(stream, Array(bytes[..<split]))
            try it.send(stream, Array(bytes[split...]), isLast: true)
            #expect(it.answers[stream]?.trailers == ["grpc-status": "0"], "split at \(split)")
            #expect(it.budget.inUse == 0)
        }
    }

    @Test func `a large message is merged and charged while it's held`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.grpc.isLate = true
        let text = String(repeating: "x", count: 3_000_000)
        let stream = try it.call("/a/unary")
        try it.message(stream, text, isLast: true)
        #expect(it.grpc.waiting.first?.message == text)
        #expect(it.budget.inUse >= 3_000_000 - 16 << 10)
        it.grpc.answerNext()
        try it.exchange()
        try it.open(window: 8 << 20, of: 0)
        try it.open(window: 8 << 20, of: stream)
        #expect(it.answers[stream]?.trailers == ["grpc-status": "0"])
        #expect(it.answers[stream]?.bytes.count == 3_000_005)
        #expect(it.budget.inUse == 0)
    }

    /// Calls that go wrong before their application, and the status that each gets.
    @Test func `refusals are trailers alone`() throws {
        var limits = InputLimits()
        limits.maxMessageBytes = 10
        typealias Step = (HTTP2Harness, Int) throws -> Void
        let cases: [(fields: [(String, String)], step: Step, status: String)] = [
            ([("grpc-timeout", "soon")], { _, _ in }, "3"),
            ([("grpc-encoding", "br")], { _, _ in }, "12"),
            ((0..<200).map { ("x\($0)", "y") }, { _, _ in }, "8"),
            ([], { try $0.message($1, "more than ten bytes", isLast: true) }, "8"),
            ([], { try $0.send($1, [], isLast: true) }, "3"),
            ([], { try $0.send($1, [0, 0, 0, 0, 5, 1], isLast: true) }, "13"),
            ([], { try $0.send($1, [7, 0, 0, 0, 0], isLast: true) }, "13"),
            (
                [],
                {
                    try $0.message($1, "a")
                    try $0.message($1, "b", isLast: true)
                }, "12"
            ),
        ]
        for (index, (fields, step, status)) in cases.enumerated() {
            let it = try HTTP2Harness(limits: limits)
            defer { it.end() }
            let stream = try it.call("/a/unary", fields)
            try step(it, stream)
            let answer = try #require(it.answers[stream], "case \(index)")
            #expect(answer.fields["grpc-status"] == status, "case \(index): \(answer)")
            #expect(answer.fields["grpc-message"]?.isEmpty == false && answer.hasEnded)
            #expect(it.grpc.refusals.count == 1)
            #expect(it.budget.inUse == 0)
            #expect(try it.connection.streams.isEmpty)
        }
    }

    @Test func `an unknown method, and a port without gRPC`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let stream = try it.call("/no/such", isLast: true)
        #expect(it.answers[stream]?.fields["grpc-status"] == "12")
        #expect(it.answers[stream]?.fields["grpc-message"] == "unknown method '/no/such'")
        let other = try HTTP2Harness(servesCalls: false)
        defer { other.end() }
        #expect(try other.answers[other.call("/a/unary", isLast: true)]?.fields["grpc-status"] == "12")
    }

    @Test func `a status message is percent-encoded`() {
        #expect(GRPCStatus(.unknown, "a%b\n\u{e9}").encodedMessage == "a%25b%0A%C3%A9")
        #expect(GRPCStatus(.unknown, "plain text").encodedMessage == "plain text")
    }

    @Test func `messages in both directions`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let stream = try it.call("/a/stream")
        let call = try #require(it.grpc.streams.first)
        try it.send(stream, HTTP2Harness.message("1") + HTTP2Harness.message("2") + [0, 0])
        #expect(call.messages == ["1", "2"])
        #expect(call.send("a") == .sent)
        try it.exchange()
        try it.send(stream, [0, 0, 1] + Array("3".utf8), isLast: true)
        #expect(call.messages == ["1", "2", "3"] && call.hasEnded)
        #expect(call.send("b") == .sent)
        call.call.finish(.ok)
        try it.exchange()
        #expect(it.answers[stream]?.bytes == HTTP2Harness.message("a") + HTTP2Harness.message("b"))
        #expect(it.answers[stream]?.trailers == ["grpc-status": "0"])
        #expect(call.closeCount == 1)
        #expect(call.send("late") == .clientGone)
    }

    @Test func `a call that ends before its client does is reset behind the trailers`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let stream = try it.call("/a/stream")
        let call = try #require(it.grpc.streams.first)
        call.call.finish(GRPCStatus(.aborted, "enough"))
        try it.exchange()
        #expect(it.answers[stream]?.fields["grpc-status"] == "10")
        #expect(it.answers[stream]?.reset == .noError)
        #expect(call.closeCount == 1)
        #expect(try it.connection.streams.isEmpty)
    }

    @Test func `messages that aren't taken shut the window, and opening it goes on`() throws {
        let it = try HTTP2Harness(clientSettings: [HTTP2Setting(parameter: .initialWindowSize, value: 1 << 20)])
        defer { it.end() }
        it.grpc.takesMessages = false
        let stream = try it.call("/a/stream")
        let call = try #require(it.grpc.streams.first)
        let text = String(repeating: "x", count: 100_000)
        for _ in 0..<60 { try it.message(stream, text) }
        let count = call.messages.count
        #expect(count >= 10 && count < 40)
        #expect(it.budget.inUse >= count * 100_000 - 16 << 10)
        call.takes = true
        call.call.taken(count * 100_000)
        try it.exchange()
        #expect(call.messages.count == 60)
        #expect(it.budget.inUse < 200_000)
        it.end()
        #expect(it.budget.inUse == 0)
        #expect(call.closeCount == 1)
    }

    @Test func `a pause between messages is the client's right, one within a message isn't`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let stream = try it.call("/a/stream")
        try it.message(stream, "1")
        for _ in 0..<10 { try it.pass(milliseconds: 30_000) }
        #expect(it.answers[stream] == nil)
        try it.send(stream, [0, 0, 0])
        try it.pass(milliseconds: 21_000)
        #expect(it.answers[stream]?.fields["grpc-status"] == "4")
    }

    @Test func `the client's deadline ends a call whose message doesn't come`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let stream = try it.call("/a/unary", [("grpc-timeout", "1S")])
        try it.pass(milliseconds: 900)
        #expect(it.answers[stream] == nil)
        try it.pass(milliseconds: 200)
        #expect(it.answers[stream]?.fields["grpc-status"] == "4")
    }

    @Test func `a reset closes the call once`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let stream = try it.call("/a/stream")
        let call = try #require(it.grpc.streams.first)
        try it.reset(stream)
        #expect(call.closeCount == 1)
        #expect(call.send("late") == .clientGone)
        #expect(call.call.demand == 1)
    }

    @Test func `a thousand streams at once`() throws {
        let it = try HTTP2Harness()
        it.grpc.isLate = true
        let streams = try (0..<1000).map { _ in try it.call("/a/unary") }
        for stream in streams { try it.message(stream, "\(stream)", isLast: true) }
        #expect(it.grpc.waiting.count == 1000)
        it.grpc.waiting.shuffle()
        for _ in 0..<1000 { it.grpc.answerNext() }
        try it.exchange()
        #expect(streams.allSatisfy { it.answers[$0]?.trailers == ["grpc-status": "0"] })
        #expect(streams.allSatisfy { it.answers[$0]?.bytes == HTTP2Harness.message("\($0)") })
        #expect(try it.connection.streams.isEmpty)
        it.end()
        #expect(it.budget.inUse == 0)
    }
}
