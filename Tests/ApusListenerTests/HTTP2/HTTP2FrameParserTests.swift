import ApusCore
import NIOCore
import NIOHPACK
import Testing

@testable import ApusListener

/// The pure parts under an HTTP/2 connection: the parser of frames, what they are written with, header blocks.
struct HTTP2FrameParserTests {
    typealias Frame = RawHTTP2.Frame

    private static let conversation: [Frame] = [
        Frame(type: 4, stream: 0, payload: [0, 4, 0, 0, 0, 9, 0, 5, 0, 0, 0x40, 0]),
        Frame(type: 1, flags: 4, stream: 1, payload: RawHTTP2.postHead),
        Frame(type: 0, stream: 1, payload: [1, 2, 3]),
        Frame(type: 0, flags: 9, stream: 1, payload: [2, 4, 5, 0, 0]),
        Frame(type: 1, flags: 1, stream: 3, payload: [0x82]),
        Frame(type: 9, stream: 3, payload: [0x86]),
        Frame(type: 9, flags: 4, stream: 3, payload: [0x84, 0x01, 0x01, 0x61]),
        Frame(type: 6, stream: 0, payload: [0, 0, 0, 0, 0, 0, 0, 7]),
        Frame(type: 0x77, stream: 5, payload: [1, 2, 3, 4]),
        Frame(type: 8, stream: 1, payload: [0x80, 0, 0, 5]),
        Frame(type: 3, stream: 1, payload: [0, 0, 0, 8]),
        Frame(type: 7, stream: 0, payload: [0, 0, 0, 0, 0, 0, 0, 0, 0x61]),
    ]

    /// What the parser says, parts of one DATA frame joined.
    private func read(_ pieces: [[UInt8]]) -> [String] {
        var parser = HTTP2FrameParser(maxBlockBytes: 1 << 14)
        var said: [String] = []
        var bytes: [UInt8] = []
        var size = 0
        for piece in pieces {
            parser.append(ByteBuffer(bytes: piece))
            while let input = parser.next() {
                switch input {
                case .data(let stream, let part, let partSize, let isLast):
                    bytes += part.readableBytesView
                    size += partSize
                    if isLast { said.append("data \(stream) \(bytes) \(size)") }
                case .headers(let stream, let block, let isLast):
                    said.append("headers \(stream) \(Array(block.readableBytesView)) \(isLast)")
                default: said.append("\(input)")
                }
            }
        }
        return said
    }

    @Test func `frames are the same however they are cut`() {
        let bytes = RawHTTP2.preface + Self.conversation.flatMap(\.bytes)
        let whole = read([bytes])
        #expect(whole.count == 11)
        #expect(whole.contains("data 1 [1, 2, 3, 4, 5] 8"))
        #expect(whole.contains("headers 3 [130, 134, 132, 1, 1, 97] true"))
        #expect(whole.contains("windowUpdate(stream: 1, increment: 5)"))
        for split in 0...bytes.count {
            #expect(read([Array(bytes[..<split]), Array(bytes[split...])]) == whole, "split at \(split)")
        }
        #expect(read(bytes.map { [$0] }) == whole)
    }

    @Test func `of a header block no more is held than may be decoded, and of DATA nothing`() {
        var parser = HTTP2FrameParser(maxBlockBytes: 1000)
        parser.append(ByteBuffer(bytes: RawHTTP2.preface + Frame(type: 4, stream: 0).bytes))
        while parser.next() != nil {}
        parser.append(ByteBuffer(bytes: Frame(type: 1, stream: 1, payload: [UInt8](repeating: 0, count: 900)).bytes))
        guard case .nothing = parser.next() else {
            Issue.record("the block has not ended")
            return
        }
        // The head alone says that it would be too much.
        let more = Frame(type: 9, stream: 1, payload: [UInt8](repeating: 0, count: 101))
        parser.append(ByteBuffer(bytes: more.bytes[..<9]))
        guard case .fault(.enhanceYourCalm) = parser.next() else {
            Issue.record("the block is too large")
            return
        }
        var other = HTTP2FrameParser(maxBlockBytes: 1000)
        other.append(ByteBuffer(bytes: RawHTTP2.preface + Frame(type: 4, stream: 0).bytes))
        let frame = Frame(type: 0, stream: 1, payload: [UInt8](repeating: 0, count: 200_000)).bytes
        for start in stride(from: 0, to: frame.count, by: 1000) {
            other.append(ByteBuffer(bytes: frame[start..<min(frame.count, start + 1000)]))
            while other.next() != nil {}
            #expect(other.heldBytes <= 2048)
        }
    }

    @Test func `answers are frames that the client takes`() throws {
        var outbox = HTTP2Outbox()
        outbox.maxFrameBytes = 100
        var headers = HPACKHeaders([(":status", "200")])
        headers.add(name: "x", value: String(repeating: "Z", count: 300))
        outbox.write(headers, stream: 0x1234567, isLast: true)
        outbox.write(ByteBuffer(repeating: 1, count: 10), stream: 3, isLast: false)
        outbox.write(ByteBuffer(repeating: 2, count: 5000), stream: 3, isLast: true)
        outbox.writeReset(stream: 5, .cancel)
        #expect(outbox.byteCount > 5000)
        var bytes = ByteBuffer()
        var parts = 0
        while var part = outbox.take() {
            bytes.writeBuffer(&part)
            parts += 1
        }
        #expect(parts == 3 && outbox.byteCount == 0)
        #expect(RawHTTP2.types(bytes) == [1, 9, 9, 9, 0, 0, 3] || RawHTTP2.types(bytes) == [1, 9, 9, 9, 9, 0, 0, 3])
        #expect(bytes.getBytes(at: 3, length: 6) == [1, 1, 0x01, 0x23, 0x45, 0x67])
    }

    /// NIO's decoder, which has seen all blocks so far, is the oracle of what is written.
    @Test func `blocks that are always the same mean the same whatever was written before`() throws {
        var random = SplitMix.seeded("HTTP/2 blocks")
        var writer = HTTP2BlockWriter()
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
        for _ in 0..<2000 {
            var bytes = ByteBuffer()
            let wanted: HPACKHeaders
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                wanted = HPACKHeaders([("x-\(Int.random(in: 0..<100, using: &random))", "some text or other")])
                writer.write(wanted, to: &bytes)
            case 1:
                let size = [0, 100, 4096, 8192].randomElement(using: &random) ?? 0
                writer.clientRemembers(size)
                decoder.maxDynamicTableLength = min(size, 4096)
                continue
            case 2..<10:
                wanted = HTTP2BlockWriter.Constant.callSuccess.headers
                writer.write(.callSuccess, to: &bytes)
            default:
                wanted = HTTP2BlockWriter.Constant.callHead.headers
                writer.write(.callHead, to: &bytes)
            }
            let read = try decoder.decodeHeaders(from: &bytes)
            #expect(read.map { "\($0.name): \($0.value)" } == wanted.map { "\($0.name): \($0.value)" })
        }
    }

    @Test func `a block that the client remembers is references of a byte each`() {
        var writer = HTTP2BlockWriter()
        let sizes = (0..<4).map { _ in
            var bytes = ByteBuffer()
            writer.write(.callHead, to: &bytes)
            return bytes.readableBytes
        }
        #expect(sizes[0] > 3 && sizes[1...] == [3, 3, 3])
    }

    /// NIO's encoder and its decoder are the oracle of what is read.
    @Test func `requests that are remembered are those that came`() throws {
        var random = SplitMix.seeded("HTTP/2 requests")
        var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
        var reader = HTTP2BlockReader(limits: InputLimits())
        for _ in 0..<3000 {
            let path = "/\(Int.random(in: 0..<3, using: &random))"
            var headers = HPACKHeaders([(":method", "GET"), (":scheme", "http"), (":authority", "a")])
            let ways: [HPACKIndexing] = [.indexable, .nonIndexable, .neverIndexed]
            headers.add(name: ":path", value: path, indexing: ways.randomElement(using: &random) ?? .indexable)
            if Int.random(in: 0..<10, using: &random) == 0 {
                let name = "x-\(Int.random(in: 0..<200, using: &random))"
                headers.add(name: name, value: "a text that takes a little room")
            }
            var block = ByteBuffer()
            try encoder.encode(headers: headers, to: &block)
            guard case .http(let head) = try reader.readRequest(block).kind else {
                Issue.record("expected a request over HTTP")
                return
            }
            #expect(head.text(head.path) == path && head.fields.count == headers.count - 3)
        }
    }
}
