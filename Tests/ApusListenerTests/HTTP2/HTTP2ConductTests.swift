import ApusCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ApusListener

/// What RFC 9113 asks of a client, frame by frame: what breaks it ends the stream or the connection.
struct HTTP2ConductTests {
    typealias Frame = RawHTTP2.Frame

    /// Frames behind the preface, and how they end.
    struct Case: CustomTestStringConvertible {
        let name: String
        let frames: [Frame]
        var goodbye: HTTP2Reason?
        var resets: [Int: HTTP2Reason] = [:]

        var testDescription: String { name }
    }

    private static let open = Frame(type: 1, flags: 4, stream: 1, payload: RawHTTP2.postHead)
    private static let whole = Frame(type: 1, flags: 5, stream: 1, payload: RawHTTP2.getHead)
    private static let data = Frame(type: 0, stream: 1, payload: [1, 2, 3])

    private static func window(_ increment: UInt32, stream: Int) -> Frame {
        Frame(type: 8, stream: stream, payload: Array(ByteBuffer(integer: increment).readableBytesView))
    }

    private static func setting(_ name: UInt8, _ value: UInt32) -> Frame {
        Frame(type: 4, stream: 0, payload: [0, name] + ByteBuffer(integer: value).readableBytesView)
    }

    /// HEADERS of literals that aren't added to the table.
    private static func head(_ fields: [(String, String)], flags: UInt8 = 5) -> Frame {
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0, UInt8(name.utf8.count)] + Array(name.utf8)
            block += [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        return Frame(type: 1, flags: flags, stream: 1, payload: block)
    }

    private static let request = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")]

    private static func malformed(_ fields: [(String, String)]) -> Case {
        Case(name: "\(fields)", frames: [head(fields)], resets: [1: .protocolError])
    }

    static let connectionFaults: [Case] = [
        Case(name: "DATA on stream 0", frames: [Frame(type: 0, stream: 0, payload: [1])], goodbye: .protocolError),
        Case(name: "DATA on an idle stream", frames: [data], goodbye: .protocolError),
        Case(
            name: "DATA padded beyond its length",
            frames: [open, Frame(type: 0, flags: 8, stream: 1, payload: [3, 0, 0])],
            goodbye: .protocolError
        ),
        Case(
            name: "DATA without its length of padding",
            frames: [open, Frame(type: 0, flags: 8, stream: 1)],
            goodbye: .frameSizeError
        ),
        Case(name: "HEADERS on stream 0", frames: [Frame(type: 1, flags: 5, stream: 0)], goodbye: .protocolError),
        Case(
            name: "HEADERS on a server's stream",
            frames: [Frame(type: 1, flags: 5, stream: 2, payload: RawHTTP2.getHead)],
            goodbye: .protocolError
        ),
        Case(
            name: "a number below the last",
            frames: [
                Frame(type: 1, flags: 5, stream: 5, payload: RawHTTP2.getHead),
                Frame(type: 1, flags: 5, stream: 3, payload: RawHTTP2.getHead),
            ],
            goodbye: .streamClosed
        ),
        Case(name: "HEADERS on a closed stream", frames: [whole, whole], goodbye: .streamClosed),
        Case(name: "DATA on a closed stream", frames: [whole, data], goodbye: .streamClosed),
        Case(
            name: "HEADERS padded beyond their length",
            frames: [Frame(type: 1, flags: 13, stream: 1, payload: [9] + RawHTTP2.getHead)],
            goodbye: .protocolError
        ),
        Case(
            name: "HEADERS too short for their priority",
            frames: [Frame(type: 1, flags: 0x25, stream: 1, payload: [1, 2])],
            goodbye: .frameSizeError
        ),
        Case(
            name: "a block that can't be decoded",
            frames: [Frame(type: 1, flags: 5, stream: 1, payload: [0xff, 0xff, 0xff])],
            goodbye: .compressionError
        ),
        Case(
            name: "a reference to nothing",
            frames: [Frame(type: 1, flags: 5, stream: 1, payload: [0xc0])],
            goodbye: .compressionError
        ),
        Case(
            name: "a frame within a block",
            frames: [Frame(type: 1, stream: 1, payload: RawHTTP2.getHead), Frame(type: 6, stream: 0)],
            goodbye: .protocolError
        ),
        Case(
            name: "CONTINUATION of another stream",
            frames: [
                Frame(type: 1, stream: 1, payload: RawHTTP2.getHead), Frame(type: 9, flags: 4, stream: 3),
            ],
            goodbye: .protocolError
        ),
        Case(
            name: "CONTINUATION of nothing",
            frames: [Frame(type: 9, flags: 4, stream: 1)],
            goodbye: .protocolError
        ),
        Case(
            name: "PRIORITY of stream 0",
            frames: [Frame(type: 2, stream: 0, payload: [0, 0, 0, 3, 1])],
            goodbye: .protocolError
        ),
        Case(
            name: "RST_STREAM of stream 0",
            frames: [Frame(type: 3, stream: 0, payload: [0, 0, 0, 8])],
            goodbye: .protocolError
        ),
        Case(
            name: "RST_STREAM of an idle stream",
            frames: [Frame(type: 3, stream: 1, payload: [0, 0, 0, 8])],
            goodbye: .protocolError
        ),
        Case(
            name: "RST_STREAM of another length",
            frames: [open, Frame(type: 3, stream: 1, payload: [0, 0, 8])],
            goodbye: .frameSizeError
        ),
        Case(name: "SETTINGS on a stream", frames: [Frame(type: 4, stream: 1)], goodbye: .protocolError),
        Case(
            name: "SETTINGS that answer and say something",
            frames: [Frame(type: 4, flags: 1, stream: 0, payload: [0, 1, 0, 0, 0, 0])],
            goodbye: .frameSizeError
        ),
        Case(
            name: "SETTINGS of another length",
            frames: [Frame(type: 4, stream: 0, payload: [0, 1, 0])],
            goodbye: .frameSizeError
        ),
        Case(
            name: "SETTINGS without end",
            frames: [Frame(type: 4, stream: 0, payload: [UInt8](repeating: 0, count: 600))],
            goodbye: .enhanceYourCalm
        ),
        Case(name: "a push that is neither on nor off", frames: [setting(2, 2)], goodbye: .protocolError),
        Case(name: "a window above the largest", frames: [setting(4, 1 << 31)], goodbye: .flowControlError),
        Case(name: "frames below the least", frames: [setting(5, 16_383)], goodbye: .protocolError),
        Case(name: "frames above the largest", frames: [setting(5, 1 << 24)], goodbye: .protocolError),
        Case(
            name: "a window that settings make too large",
            frames: [open, window(0x7fff_ffff - 65_535, stream: 1), setting(4, 65_536)],
            goodbye: .flowControlError
        ),
        Case(name: "PUSH_PROMISE", frames: [Frame(type: 5, flags: 4, stream: 1)], goodbye: .protocolError),
        Case(
            name: "PING on a stream",
            frames: [Frame(type: 6, stream: 1, payload: [UInt8](repeating: 0, count: 8))],
            goodbye: .protocolError
        ),
        Case(name: "PING of another length", frames: [Frame(type: 6, stream: 0)], goodbye: .frameSizeError),
        Case(
            name: "GOAWAY on a stream",
            frames: [Frame(type: 7, stream: 1, payload: [UInt8](repeating: 0, count: 8))],
            goodbye: .protocolError
        ),
        Case(name: "GOAWAY that is too short", frames: [Frame(type: 7, stream: 0)], goodbye: .frameSizeError),
        Case(name: "WINDOW_UPDATE by nothing", frames: [window(0, stream: 0)], goodbye: .protocolError),
        Case(
            name: "WINDOW_UPDATE beyond the largest",
            frames: [window(1 << 31 - 1, stream: 0)],
            goodbye: .flowControlError
        ),
        Case(name: "WINDOW_UPDATE of an idle stream", frames: [window(1, stream: 1)], goodbye: .protocolError),
        Case(
            name: "WINDOW_UPDATE of another length",
            frames: [Frame(type: 8, stream: 0, payload: [0, 0, 1])],
            goodbye: .frameSizeError
        ),
        Case(
            name: "a frame above our limit",
            frames: [Frame(type: 0, stream: 1, payload: [UInt8](repeating: 0, count: 256 << 10 + 1))],
            goodbye: .frameSizeError
        ),
    ]

    static let streamFaults: [Case] = [
        Case(name: "DATA behind the end", frames: [whole, data], resets: [1: .streamClosed]),
        Case(
            name: "HEADERS behind the end",
            frames: [whole, Frame(type: 1, flags: 5, stream: 1, payload: [])],
            resets: [1: .streamClosed]
        ),
        Case(
            name: "trailers that end nothing",
            frames: [open, Frame(type: 1, flags: 4, stream: 1, payload: [])],
            resets: [1: .protocolError]
        ),
        Case(
            name: "trailers with a pseudo-header field",
            frames: [open, Frame(type: 1, flags: 5, stream: 1, payload: [0x82])],
            resets: [1: .protocolError]
        ),
        Case(name: "WINDOW_UPDATE by nothing", frames: [open, window(0, stream: 1)], resets: [1: .protocolError]),
        Case(
            name: "WINDOW_UPDATE beyond the largest",
            frames: [open, window(1 << 31 - 1, stream: 1)],
            resets: [1: .flowControlError]
        ),
        Case(
            name: "PRIORITY of another length",
            frames: [open, Frame(type: 2, stream: 1, payload: [1])],
            resets: [1: .frameSizeError]
        ),
        Case(
            name: "less than content-length",
            frames: [
                head(request + [("content-length", "4")], flags: 4),
                Frame(type: 0, flags: 1, stream: 1, payload: [1, 2, 3]),
            ],
            resets: [1: .protocolError]
        ),
        Case(
            name: "more than content-length",
            frames: [head(request + [("content-length", "2")], flags: 4), data],
            resets: [1: .protocolError]
        ),
        Case(
            name: "content-length and no body",
            frames: [head(request + [("content-length", "2")])],
            resets: [1: .protocolError]
        ),
        malformed(Array(request.dropFirst())),
        malformed(Array(request.dropLast(2))),
        malformed(request + [(":path", "/")]),
        malformed(request + [(":status", "200")]),
        malformed(request + [(":protocol", "x")]),
        malformed([("a", "b")] + request),
        malformed(Array(request[..<2]) + [(":path", "")]),
        malformed(Array(request[..<2]) + [(":path", "/a\r\nb")]),
        malformed(request + [("A", "b")]),
        malformed(request + [("a b", "c")]),
        malformed(request + [("a:", "c")]),
        malformed(request + [("a", "b\nc")]),
        malformed(request + [("a", "b\rc")]),
        malformed(request + [("a", "b\0c")]),
        malformed(request + [("connection", "close")]),
        malformed(request + [("keep-alive", "1")]),
        malformed(request + [("proxy-connection", "close")]),
        malformed(request + [("transfer-encoding", "chunked")]),
        malformed(request + [("upgrade", "h2c")]),
        malformed(request + [("te", "gzip")]),
        malformed(request + [("content-length", "1"), ("content-length", "1")]),
        malformed(request + [("content-length", "+1")]),
    ]

    @Test(arguments: connectionFaults)
    func `breaking a rule of the connection ends it`(it: Case) throws {
        let server = try RawHTTP2()
        defer { server.end() }
        server.send(it.frames)
        #expect(server.goodbye == it.goodbye)
        #expect(server.hasClosed)
        let count = server.frames.count
        // Nothing more is read.
        server.send([Frame(type: 6, stream: 0, payload: [UInt8](repeating: 0, count: 8))])
        #expect(server.frames.count == count)
        server.end()
        #expect(server.budget.inUse == 0)
    }

    @Test(arguments: streamFaults)
    func `breaking a rule of a stream resets it and nothing else`(it: Case) throws {
        let server = try RawHTTP2()
        defer { server.end() }
        server.application.mode = .later
        server.send(it.frames)
        #expect(server.goodbye == nil)
        for (stream, reason) in it.resets { #expect(server.reset(stream) == reason) }
        #expect(try server.connection.streams.isEmpty)
        // What was on its way is no fault.
        server.send([Self.data, Self.window(1, stream: 1), Frame(type: 3, stream: 1, payload: [0, 0, 0, 8])])
        server.application.mode = .atOnce
        server.send([Frame(type: 1, flags: 5, stream: 3, payload: RawHTTP2.getHead)])
        #expect(server.frames.contains { $0.type == 0 && $0.stream == 3 && $0.flags == 1 })
        #expect(!server.hasClosed)
    }

    @Test func `frames that ask for nothing are passed over`() throws {
        let server = try RawHTTP2()
        defer { server.end() }
        server.send([
            Frame(type: 2, stream: 7, payload: [0, 0, 0, 3, 1]),
            Frame(type: 0xbe, flags: 0xff, stream: 9, payload: [1, 2]),
            Frame(type: 4, flags: 1, stream: 0),
            Frame(type: 6, flags: 1, stream: 0, payload: [1, 2, 3, 4, 5, 6, 7, 8]),
            Self.setting(0x99, 7), Self.window(5, stream: 0),
        ])
        server.send([Frame(type: 6, stream: 0, payload: [1, 2, 3, 4, 5, 6, 7, 8])])
        #expect(server.frames.last == Frame(type: 6, flags: 1, stream: 0, payload: [1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(server.goodbye == nil)
    }

    @Test func `the preface's SETTINGS must come first`() throws {
        let server = try RawHTTP2(begins: false)
        defer { server.end() }
        server.send(RawHTTP2.preface + Self.whole.bytes)
        #expect(server.goodbye == .protocolError)
        #expect(server.frames.first?.type == 4)
    }

    @Test func `padding and priority are taken off, and padding counts in the windows`() throws {
        let server = try RawHTTP2()
        defer { server.end() }
        let head = [2, 0, 0, 0, 0, 1] + RawHTTP2.postHead + [0, 0]
        server.send([Frame(type: 1, flags: 0x2c, stream: 1, payload: head)])
        let padded = [100] + Array("hey".utf8) + [UInt8](repeating: 0, count: 100)
        for byte in Frame(type: 0, flags: 9, stream: 1, payload: padded).bytes { server.send([byte]) }
        #expect(server.application.requests.map(\.body) == ["hey"])
        let large = [255] + [UInt8](repeating: 1, count: 100_000) + [UInt8](repeating: 0, count: 255)
        server.send([Frame(type: 1, flags: 4, stream: 3, payload: RawHTTP2.postHead)])
        for _ in 0..<9 { server.send([Frame(type: 0, flags: 8, stream: 3, payload: large)]) }
        // Half a window and a bit: the client may send what it has sent, padding included.
        let increments = server.frames.filter { $0.type == 8 && $0.stream == 3 }.map { frame in
            frame.payload.reduce(0) { $0 << 8 | Int($1) }
        }
        #expect(increments == [6 * 100_256])
    }

    @Test func `more than the window is refused, on the stream and on the connection`() throws {
        let server = try RawHTTP2()
        defer { server.end() }
        server.grpc.takesMessages = false
        let call = Self.head(
            [(":method", "POST"), (":scheme", "http"), (":path", "/a/stream"), ("content-type", "application/grpc")],
            flags: 4
        )
        server.send([call])
        let message = [0, 0, 3, 0, 0] + [UInt8](repeating: 1, count: 3 << 16)
        var sent = 0
        while server.reset(1) == nil, sent < 100 {
            server.send([Frame(type: 0, stream: 1, payload: message)])
            sent += 1
        }
        #expect(server.reset(1) == .flowControlError)
        #expect(sent < 20)
    }

    @Test func `a list above the limit is answered, and the connection goes on`() throws {
        let server = try RawHTTP2()
        defer { server.end() }
        let field: [UInt8] = [0, 1, 0x78, 120] + [UInt8](repeating: 0x79, count: 120)
        let block = [[UInt8]](repeating: field, count: 300).flatMap { $0 }
        func send(_ stream: Int, _ head: [UInt8]) {
            server.send([Frame(type: 1, flags: 5, stream: stream, payload: head + block)])
        }
        send(1, RawHTTP2.getHead)
        #expect(server.application.faults == [.headTooLarge])
        send(3, RawHTTP2.postHead + [0x0f, 0x10, 16] + Array("application/grpc".utf8))
        #expect(server.grpc.refusals.map(\.code) == [.resourceExhausted])
        #expect(server.goodbye == nil)
    }

    @Test func `settings apply to streams that are open, and may make windows negative`() throws {
        let server = try RawHTTP2()
        defer { server.end() }
        server.application.content = { _ in String(repeating: "x", count: 70_000) }
        func count() -> Int { server.frames.filter { $0.type == 0 }.map(\.payload.count).reduce(0, +) }
        server.send([Self.window(1 << 20, stream: 0), Self.whole])
        #expect(count() == 65_535)
        server.send([Self.setting(4, 1000)])
        server.send([Self.window(64_535, stream: 1)])
        #expect(count() == 65_535)
        server.send([Self.window(1, stream: 1)])
        #expect(count() == 65_536)
        server.send([Self.setting(4, 1001)])
        #expect(count() == 65_537)
        server.send([Self.setting(4, 100_000)])
        #expect(count() == 70_000)
        #expect(server.frames.last { $0.type == 0 }?.flags == 1)
        #expect(server.frames.filter { $0.type == 0 }.allSatisfy { $0.payload.count <= 16_384 })
    }

    @Test func `streams take turns when the connection's window is what they wait for`() throws {
        let server = try RawHTTP2()
        defer { server.end() }
        server.application.content = { _ in String(repeating: "x", count: 60_000) }
        for stream in [1, 3, 5] { server.send([Frame(type: 1, flags: 5, stream: stream, payload: RawHTTP2.getHead)]) }
        server.send([Self.window(50_000, stream: 0)])
        let streams = server.frames.filter { $0.type == 0 }.map(\.stream)
        #expect(Set(streams.suffix(3)) == [3, 5])
        server.send([Self.window(100_000, stream: 0)])
        #expect(server.frames.filter { $0.type == 0 && $0.flags == 1 }.map(\.stream).sorted() == [1, 3, 5])
        #expect(try server.connection.streams.isEmpty && server.connection.unsent == 0)
    }

    @Test func `an answer leaves as one buffer`() throws {
        let server = try RawHTTP2()
        defer { server.end() }
        let before = server.outbound.flushCount
        let call = [0x83, 0x86, 0x04, 8] + Array("/a/unary".utf8) + [0x0f, 0x10, 16] + Array("application/grpc".utf8)
        try server.channel.writeInbound(
            ByteBuffer(
                bytes: Frame(type: 1, flags: 4, stream: 1, payload: call).bytes
                    + Frame(type: 0, flags: 1, stream: 1, payload: HTTP2Harness.message("hey")).bytes
            )
        )
        guard case .byteBuffer(let bytes) = try server.channel.readOutbound(as: IOData.self) else {
            Issue.record("no answer")
            return
        }
        #expect(try server.channel.readOutbound(as: IOData.self) == nil)
        #expect(server.outbound.flushCount == before + 1)
        let types = RawHTTP2.types(bytes)
        #expect(types == [1, 0, 1])
    }

    @Test func `requests that are the same are read alike, whatever came between`() throws {
        let server = try RawHTTP2()
        defer { server.end() }
        // A literal that is added to the table, then a reference to it.
        let added: [UInt8] = [0x82, 0x86, 0x44, 2] + Array("/x".utf8)
        let again: [UInt8] = [0x82, 0x86, 0xbe]
        let other: [UInt8] = [0x82, 0x86, 0x44, 2] + Array("/y".utf8)
        for (index, block) in [added, again, again, other, again, again].enumerated() {
            server.send([Frame(type: 1, flags: 5, stream: index * 2 + 1, payload: block + [0x01, 0x01, 0x61])])
        }
        #expect(server.application.requests.map(\.path) == ["/x", "/x", "/x", "/y", "/y", "/y"])
    }
}

extension RawHTTP2 {
    /// The types of whole frames.
    static func types(_ bytes: ByteBuffer) -> [UInt8] {
        var bytes = bytes
        var types: [UInt8] = []
        while let head = bytes.readBytes(length: 9),
            bytes.readBytes(length: Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])) != nil
        {
            types.append(head[3])
        }
        return types
    }
}
