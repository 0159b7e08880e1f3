import ApusCore
import NIOCore
import NIOHPACK
import NIOHTTP2
import Testing

@testable import ApusListener

/// Conversations at random: broken ones do no harm, those of NIO's client are in order.
struct HTTP2HostilityTests {
    typealias Frame = RawHTTP2.Frame

    /// A client's side of a connection with one of nearly everything.
    private static let conversation: [UInt8] = {
        let call = [0x83, 0x86, 0x44, 8] + Array("/a/unary".utf8) + [0x5f, 16] + Array("application/grpc".utf8)
        let frames: [Frame] = [
            Frame(type: 4, stream: 0, payload: [0, 4, 0, 0, 1, 0, 0, 5, 0, 0, 0x40, 0, 0, 1, 0, 0, 0, 64]),
            Frame(type: 8, stream: 0, payload: [0, 0, 2, 0]),
            Frame(type: 1, flags: 5, stream: 1, payload: RawHTTP2.getHead),
            Frame(type: 1, flags: 0x2c, stream: 3, payload: [1, 0, 0, 0, 0, 7] + RawHTTP2.postHead + [0]),
            Frame(type: 0, stream: 3, payload: Array("some".utf8)),
            Frame(type: 0, flags: 9, stream: 3, payload: [2] + Array("body".utf8) + [0, 0]),
            Frame(type: 1, stream: 5, payload: Array(call[..<6])),
            Frame(type: 9, flags: 4, stream: 5, payload: Array(call[6...])),
            Frame(type: 0, flags: 1, stream: 5, payload: HTTP2Harness.message("hey")),
            Frame(type: 1, flags: 4, stream: 7, payload: [0x83, 0x86, 0xbf, 0xbe]),
            Frame(type: 6, stream: 0, payload: [1, 2, 3, 4, 5, 6, 7, 8]),
            Frame(type: 3, stream: 7, payload: [0, 0, 0, 8]),
            Frame(type: 2, stream: 9, payload: [0, 0, 0, 3, 1]),
            Frame(type: 1, flags: 4, stream: 9, payload: RawHTTP2.postHead),
            Frame(type: 1, flags: 5, stream: 9, payload: [0, 1, 0x78, 1, 0x79]),
            Frame(type: 7, stream: 0, payload: [0, 0, 0, 0, 0, 0, 0, 0]),
        ]
        return RawHTTP2.preface + frames.flatMap(\.bytes)
    }()

    private func expectNoHarm(_ bytes: [UInt8], _ comment: @autoclosure () -> Comment) throws {
        let server = try RawHTTP2(begins: false)
        server.send(bytes)
        let held = (try? server.connection)?.frames.heldBytes ?? 0
        #expect(held <= 4096, comment())
        server.end()
        #expect(server.budget.inUse == 0, comment())
    }

    @Test func `the whole conversation is answered`() throws {
        let server = try RawHTTP2(begins: false)
        defer { server.end() }
        server.send(Self.conversation)
        #expect(server.application.requests.map(\.body) == ["", "somebody", ""])
        #expect(server.grpc.heads.map(\.path) == ["/a/unary", "/a/unary"])
        #expect(server.goodbye == nil)
        let ends = server.frames.filter { $0.flags & 1 != 0 && $0.type <= 1 }
        #expect(ends.map(\.stream).sorted() == [1, 3, 5, 9])
    }

    @Test func `every prefix of a conversation, and its end, do no harm`() throws {
        for end in 0..<Self.conversation.count {
            try expectNoHarm(Array(Self.conversation[..<end]), "prefix of \(end)")
        }
    }

    @Test func `every byte of a conversation may be another`() throws {
        for index in Self.conversation.indices {
            for change: UInt8 in [0x01, 0x04, 0x80, 0xff] {
                var bytes = Self.conversation
                bytes[index] ^= change
                try expectNoHarm(bytes, "byte \(index) ^ \(change)")
            }
        }
    }

    @Test func `pieces of conversations in any order do no harm`() throws {
        var random = SplitMix.seeded("HTTP/2 pieces")
        for _ in 0..<300 {
            var bytes = Array(Self.conversation[..<51])
            for _ in 0..<Int.random(in: 1..<20, using: &random) {
                let start = Int.random(in: 51..<Self.conversation.count, using: &random)
                let end = Int.random(in: start...min(start + 60, Self.conversation.count), using: &random)
                bytes += Self.conversation[start..<end]
            }
            try expectNoHarm(bytes, "pieces")
        }
    }

    /// NIO's client is the oracle: it ends the connection for whatever it doesn't like.
    @Test func `random conversations with NIO's client are in order`() throws {
        var random = SplitMix.seeded("HTTP/2 conversations")
        for _ in 0..<40 {
            let it = try HTTP2Harness()
            defer { it.end() }
            it.application.mode = .later
            it.grpc.isLate = true
            try it.open(window: 1 << 30, of: 0)
            var expected: [Int: [UInt8]] = [:]
            for step in 0..<80 { try takeStep(step, it, &expected, &random) }
            while !it.application.waiting.isEmpty { it.application.answerNext() }
            while !it.grpc.waiting.isEmpty { it.grpc.answerNext() }
            try it.exchange()
            for stream in expected.keys where it.answers[stream]?.hasEnded != true {
                try it.open(window: 1 << 24, of: stream)
            }
            for (stream, bytes) in expected {
                let answer = try #require(it.answers[stream])
                #expect(answer.status == "200" && answer.hasEnded && answer.reset == nil, "stream \(stream)")
                #expect(answer.bytes == bytes, "stream \(stream)")
            }
            #expect(it.goodbyes.isEmpty)
            #expect(it.clientFaults == [])
            #expect(try it.connection.streams.isEmpty && it.connection.unsent == 0)
            #expect(it.budget.inUse == 0)
        }
    }

    private func takeStep(
        _ step: Int,
        _ it: HTTP2Harness,
        _ expected: inout [Int: [UInt8]],
        _ random: inout SplitMix
    ) throws {
        switch Int.random(in: 0..<12, using: &random) {
        case 0...3:
            let body = String(repeating: "b", count: Int.random(in: 0..<60_000, using: &random))
            let fields = [("x-\(step)", "some text"), ("content-length", String(body.utf8.count))]
            expected[try it.post("/\(step)", body, fields)] = Array("/\(step)|\(body)".utf8)
        case 4...6:
            let text = String(repeating: "m", count: Int.random(in: 0..<60_000, using: &random))
            let stream = try it.call("/a/unary", [("grpc-timeout", "\(step + 1)S")])
            let bytes = HTTP2Harness.message(text)
            let cut = Int.random(in: 0...bytes.count, using: &random)
            try it.send(stream, Array(bytes[..<cut]))
            try it.send(stream, Array(bytes[cut...]), isLast: true)
            expected[stream] = bytes
        case 7:
            let settings: HTTP2Settings = [
                HTTP2Setting(parameter: .initialWindowSize, value: Int.random(in: 0..<100_000, using: &random)),
                HTTP2Setting(parameter: .maxFrameSize, value: Int.random(in: 16_384..<40_000, using: &random)),
                HTTP2Setting(parameter: .headerTableSize, value: [0, 64, 4096].randomElement(using: &random) ?? 0),
            ]
            try it.write(0, .settings(.settings(settings)))
        case 8:
            guard let stream = expected.keys.randomElement(using: &random), it.answers[stream] == nil else { return }
            try it.reset(stream)
            expected[stream] = nil
        case 9:
            try it.write(0, .ping(HTTP2PingData(withInteger: UInt64(step)), ack: false))
        default:
            it.application.answerNext()
            it.grpc.answerNext()
            try it.exchange()
        }
    }
}
