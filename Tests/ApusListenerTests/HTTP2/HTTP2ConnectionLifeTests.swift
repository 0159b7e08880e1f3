import ApusCore
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing

@testable import ApusListener

/// Good-byes, time limits and floods on an HTTP/2 connection.
struct HTTP2ConnectionLifeTests {
    @Test func `a drain loses no request: good-bye has two steps`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.mode = .later
        let open = try it.get("/a")
        it.drain()
        // On its way when the client doesn't know yet.
        let crossing = try it.get("/b")
        #expect(it.goodbyes.first?.last == Int(Int32.max))
        #expect(it.goodbyes.last?.last == crossing)
        #expect(it.goodbyes.allSatisfy { $0.code == .noError })
        #expect(it.application.requests.map(\.path) == ["/a", "/b"])
        #expect(!it.hasClosed)
        it.application.answerNext()
        it.application.answerNext()
        try it.exchange()
        #expect(it.answers[open]?.status == "200" && it.answers[crossing]?.status == "200")
        #expect(it.hasClosed)
    }

    @Test func `the end waits for the client's, but not for long`() throws {
        for clientCloses in [false, true] {
            let it = try HTTP2Harness()
            defer { it.end() }
            it.drain()
            try it.exchange()
            #expect(it.outbound.closes == [.output])
            let connection = try it.connection
            if clientCloses {
                it.server.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            } else {
                it.time.advance(milliseconds: 1_999)
                connection.tick(now: it.time.now)
                #expect(it.outbound.closes == [.output])
                it.time.advance(milliseconds: 1)
                connection.tick(now: it.time.now)
            }
            #expect(it.outbound.closes == [.output, .all])
        }
    }

    @Test func `an idle connection is closed by a drain`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.drain()
        try it.exchange()
        #expect(it.goodbyes.map(\.last) == [Int(Int32.max), 0])
        #expect(it.hasClosed)
    }

    @Test func `an idle connection is closed after a while, one with an open stream isn't`() throws {
        for hasStream in [false, true] {
            let it = try HTTP2Harness()
            defer { it.end() }
            it.application.mode = .later
            if hasStream { try it.get("/a") }
            try it.pass(milliseconds: 70_000)
            #expect(it.goodbyes.isEmpty)
            try it.pass(milliseconds: 6_000)
            #expect(it.goodbyes.isEmpty == hasStream)
            #expect(it.hasClosed == !hasStream)
            // It is asked whether it's still there, and has answered.
            #expect(it.pings == 1)
        }
    }

    @Test func `a client that doesn't answer a PING is given up`() throws {
        let it = try HTTP2Harness()
        it.application.mode = .later
        try it.get("/a")
        it.time.advance(milliseconds: 76_000)
        try it.connection.tick(now: it.time.now)
        it.time.advance(milliseconds: 21_000)
        try it.connection.tick(now: it.time.now)
        #expect(it.hasClosed)
        it.end()
    }

    @Test func `a body that doesn't arrive in time is refused`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        let stream = try it.open(
            [(":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "a")],
            isLast: false
        )
        try it.pass(milliseconds: 19_000)
        #expect(it.answers[stream] == nil)
        try it.pass(milliseconds: 2_000)
        #expect(it.answers[stream]?.status == "408")
        #expect(it.answers[stream]?.reset == .noError)
    }

    @Test func `the end of the server refuses what is open`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.mode = .later
        let stream = try it.get("/a")
        let request = RecordingRequest()
        it.application.waiting.first?.exchange.cancel(with: CancellationHandle(request))
        try it.connection.abandon()
        try it.exchange()
        #expect(it.answers[stream]?.status == "503")
        #expect(request.cancelCount == 1)
        #expect(it.application.waiting.first?.exchange.fate == .refused)
        #expect(it.hasClosed)
    }

    @Test func `a client that says good-bye gets its answers`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.mode = .later
        let stream = try it.get("/a")
        try it.write(0, .goAway(lastStreamID: .rootStream, errorCode: .noError, opaqueData: nil))
        #expect(!it.hasClosed)
        it.application.answerNext()
        try it.exchange()
        #expect(it.answers[stream]?.status == "200")
        #expect(it.hasClosed)
    }

    // MARK: Floods, as HARDENING.md has them

    /// A frame as it goes over the wire.
    private func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count
        let head = [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff), type, flags]
        return head + ByteBuffer(integer: stream).readableBytesView + payload
    }

    /// `GET /` with authority `a`: three fields of HPACK's static table and one literal.
    private let getHead: [UInt8] = [0x82, 0x86, 0x84, 0x01, 0x01, 0x61]

    private func expectGoodbye(_ it: HTTP2Harness, _ code: HTTP2ErrorCode, _ comment: Comment) {
        #expect(it.goodbyes.last?.code == code, comment)
        #expect(it.hasClosed, comment)
    }

    @Test func `rapid resets end the connection`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.mode = .later
        for number in 0..<1100 where !it.hasClosed {
            let stream = UInt32(number * 2 + 1)
            try it.sendRaw(
                frame(1, flags: 5, stream: stream, getHead) + frame(3, stream: stream, [0, 0, 0, 8])
            )
        }
        expectGoodbye(it, .enhanceYourCalm, "rapid reset")
        #expect(it.application.requests.count >= 1000)
    }

    @Test func `floods of small frames end the connection`() throws {
        let floods: [(name: Comment, bytes: [UInt8])] = [
            ("PING", frame(6, stream: 0, [UInt8](repeating: 0, count: 8))),
            ("SETTINGS", frame(4, stream: 0, [])),
            ("PRIORITY", frame(2, stream: 1, [0, 0, 0, 3, 1])),
        ]
        for (name, bytes) in floods {
            let it = try HTTP2Harness()
            defer { it.end() }
            for _ in 0..<1100 where !it.hasClosed { try it.sendRaw(bytes) }
            expectGoodbye(it, .enhanceYourCalm, name)
        }
    }

    @Test func `empty DATA frames end the connection`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        try it.sendRaw(frame(1, flags: 4, stream: 1, [0x83] + getHead.dropFirst()))
        for _ in 0..<20 { try it.sendRaw(frame(0, stream: 1, [])) }
        expectGoodbye(it, .enhanceYourCalm, "empty DATA")
    }

    @Test func `CONTINUATION frames without end end the connection`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        try it.sendRaw(frame(1, stream: 1, getHead))
        for _ in 0..<10 { try it.sendRaw(frame(9, stream: 1, [0x40, 0x01, 0x62, 0x01, 0x63])) }
        expectGoodbye(it, .enhanceYourCalm, "CONTINUATION")
    }

    @Test func `a head that is too large ends the connection`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        // One entry of the dynamic table, named again and again: 2 KiB of it 64 times.
        let entry = [0x40, 0x01, 0x62, 0x7f, 0x81, 0x0f] + [UInt8](repeating: 0x63, count: 2048)
        try it.sendRaw(frame(1, flags: 5, stream: 1, getHead + entry + [UInt8](repeating: 0xbe, count: 64)))
        #expect(it.hasClosed)
        #expect(it.application.requests.isEmpty)
    }

    @Test func `a window that overflows ends the connection`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        try it.sendRaw(frame(8, stream: 0, [0x7f, 0xff, 0xff, 0xff]))
        expectGoodbye(it, .flowControlError, "window")
    }

    @Test func `more streams than allowed are not opened`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        it.application.mode = .later
        for number in 0..<1030 where !it.hasClosed {
            try it.sendRaw(frame(1, flags: 5, stream: UInt32(number * 2 + 1), getHead))
        }
        #expect(it.application.requests.count == 1024)
        #expect(!it.hasClosed)
        // One goes, one may come.
        try it.sendRaw(frame(3, stream: 1, [0, 0, 0, 8]))
        try it.sendRaw(frame(1, flags: 5, stream: 2101, getHead))
        #expect(it.application.requests.count == 1025)
        // Who goes on and on is a flood.
        for number in 1100..<2200 where !it.hasClosed {
            try it.sendRaw(frame(1, flags: 5, stream: UInt32(number * 2 + 1), getHead))
        }
        expectGoodbye(it, .enhanceYourCalm, "refused streams")
    }

    @Test func `what follows the preface must be HTTP/2`() throws {
        let it = try HTTP2Harness()
        defer { it.end() }
        try it.sendRaw(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(it.hasClosed)
    }

    @Test func `any bytes leave the server alive and its memory free`() throws {
        var random = SplitMix.seeded("HTTP/2 bytes")
        for _ in 0..<200 {
            let it = try HTTP2Harness()
            for stream in 0..<20 where !it.hasClosed {
                let type = UInt8.random(in: 0...10, using: &random)
                let payload = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                let isHead = Bool.random(using: &random)
                try it.sendRaw(
                    frame(
                        isHead ? 1 : type,
                        flags: isHead ? 4 : UInt8.random(in: 0...255, using: &random),
                        stream: UInt32(isHead ? stream * 2 + 1 : Int.random(in: 0...40, using: &random)),
                        isHead ? getHead : payload
                    )
                )
            }
            it.end()
            #expect(it.budget.inUse == 0)
        }
    }
}
