import ApusCore
import NIOCore
import Testing

@testable import ApusListener

struct ChunkedBodyParserTests {
    /// How the bytes came out.
    enum Outcome: Equatable {
        case whole(String, rest: String)
        case unfinished(String)
        case fault(HTTPParsingFault)
    }

    /// Feeds parts one after the other, as a connection does.
    private func read(_ parts: [[UInt8]], maxTrailerBytes: Int = 256) -> Outcome {
        var parser = ChunkedBodyParser(maxTrailerBytes: maxTrailerBytes)
        var inbound = ByteBuffer()
        var body: [UInt8] = []
        do throws(HTTPParsingFault) {
            for (index, part) in parts.enumerated() {
                inbound.writeBytes(part)
                if try take(&parser, &inbound, &body) {
                    let rest = Array(inbound.readableBytesView) + parts[(index + 1)...].joined()
                    return .whole(String(decoding: body, as: UTF8.self), rest: String(decoding: rest, as: UTF8.self))
                }
            }
        } catch {
            return .fault(error)
        }
        return .unfinished(String(decoding: body, as: UTF8.self))
    }

    private func take(
        _ parser: inout ChunkedBodyParser,
        _ inbound: inout ByteBuffer,
        _ body: inout [UInt8]
    ) throws(HTTPParsingFault) -> Bool {
        while inbound.readableBytes > 0 {
            switch try parser.next(inbound.readableBytesUInt8Span) {
            case .incomplete(let taken):
                inbound.moveReaderIndex(forwardBy: taken)
                return false
            case .data(let taken, let count):
                inbound.moveReaderIndex(forwardBy: taken)
                body += inbound.readBytes(length: count) ?? []
            case .end(let taken):
                inbound.moveReaderIndex(forwardBy: taken)
                return true
            }
        }
        return false
    }

    private func read(_ text: String, maxTrailerBytes: Int = 256) -> Outcome {
        read([Array(text.utf8)], maxTrailerBytes: maxTrailerBytes)
    }

    private static let good =
        "5\r\nhello\r\n1;a=b\r\n \r\n0005 ;c=\"d\"\r\nworld\r\nA\r\n0123456789\r\n0\r\nX: y\r\nZ: 1\r\n\r\nGET"

    @Test func `chunks are put together`() {
        #expect(read(ChunkedBodyParserTests.good) == .whole("hello world0123456789", rest: "GET"))
        #expect(read("0\r\n\r\n") == .whole("", rest: ""))
        #expect(read("aB\r\n\(String(repeating: "x", count: 171))\r\n0\r\n\r\n") != .fault(.chunk))
    }

    @Test func `a body that arrives in two parts is the same wherever it is split`() {
        let bytes = Array(ChunkedBodyParserTests.good.utf8)
        for split in 0...bytes.count {
            let parts = [Array(bytes[..<split]), Array(bytes[split...])]
            #expect(read(parts) == .whole("hello world0123456789", rest: "GET"), "split at \(split)")
        }
    }

    @Test func `a body that arrives byte by byte is the same`() {
        let parts = ChunkedBodyParserTests.good.utf8.map { [$0] }
        #expect(read(parts) == .whole("hello world0123456789", rest: "GET"))
    }

    @Test func `a body that is cut off anywhere is not whole`() {
        let bytes = Array(ChunkedBodyParserTests.good.utf8.dropLast(3))
        for count in 0..<bytes.count {
            guard case .unfinished = read([Array(bytes[..<count])]) else {
                Issue.record("whole or refused after \(count) bytes")
                continue
            }
        }
    }

    @Test(arguments: [
        "\r\n", "x\r\n", "-1\r\na\r\n", "+1\r\na\r\n", "0x1\r\na\r\n", " 1\r\na\r\n", ";a\r\n", "1,\r\na\r\n",
        "1.0\r\na\r\n",
        "1\na\r\n", "1\n\ra\r\n", "1\r\na\n0\r\n\r\n", "1\r\nab\r\n", "1\r\na0\r\n\r\n", "1\r\na\r0\r\n\r\n",
        "1;a\u{1}\r\na\r\n",
        "1;a\nb\r\na\r\n", "1;a\rb\r\na\r\n", "1;\u{7f}\r\na\r\n", "1\0\r\na\r\n", "g\r\n",
    ])
    func `a malformed chunk is refused`(_ text: String) {
        #expect(read(text) == .fault(.chunk))
    }

    @Test(arguments: [
        "7fffffffffffffff\r\n", "8000000000000000\r\n", "ffffffffffffffff\r\n", "10000000000000000\r\n",
        "ffffffffffffffffffffffffffffffff\r\n", "0000000000000000000000000000005\r\nhello\r\n",
    ])
    func `a size of more than fifteen digits is refused`(_ text: String) {
        #expect(read(text) == .fault(.chunk))
    }

    @Test func `a size that is huge but fits waits for its bytes`() {
        #expect(read("fffffffffffffff\r\nabc") == .unfinished("abc"))
    }

    @Test func `a size is followed by nothing or by an extension`() {
        #expect(read("4 4\r\nabcd\r\n0\r\n\r\n") == .fault(.chunk))
    }

    @Test func `the length of a size line is bounded`() {
        let fits = "1;" + String(repeating: "e", count: 4094)
        #expect(read("\(fits)\r\na\r\n0\r\n\r\n", maxTrailerBytes: 8192) == .whole("a", rest: ""))
        #expect(read("\(fits)e\r\na\r\n0\r\n\r\n", maxTrailerBytes: 8192) == .fault(.chunk))
        #expect(read("1;" + String(repeating: "e", count: 5000)) == .fault(.chunk))
    }

    @Test func `the bytes of all extensions together are bounded`() {
        // 2,000 bytes of data in 8 MB of extensions: CONTRACTS §0 bounds the overhead of tiny chunks.
        let chunk = Array("1;\(String(repeating: "e", count: 4000))\r\na\r\n".utf8)
        #expect(read([[UInt8]](repeating: chunk, count: 2000)) == .fault(.chunk))
        let most = String(repeating: "1;eee\r\na\r\n", count: 64)
        #expect(read("\(most)0\r\n\r\n") == .whole(String(repeating: "a", count: 64), rest: ""))
        #expect(read("\(most)0;\r\n\r\n") == .fault(.chunk))
    }

    @Test func `chunks of one byte are legal`() {
        let chunk = Array("1\r\na\r\n".utf8)
        let parts = [[UInt8]](repeating: chunk, count: 5000) + [Array("0\r\n\r\n".utf8)]
        #expect(read(parts) == .whole(String(repeating: "a", count: 5000), rest: ""))
    }

    @Test func `the bytes of trailers are bounded`() {
        let field = "X: \(String(repeating: "a", count: 20))\r\n"
        let most = String(repeating: field, count: 10)
        #expect(read("0\r\n\(most)\r\n", maxTrailerBytes: most.utf8.count) == .whole("", rest: ""))
        #expect(read("0\r\n\(most)\r\n", maxTrailerBytes: most.utf8.count - 1) == .fault(.chunk))
        #expect(read("0\r\nX: \(String(repeating: "a", count: 300))") == .fault(.chunk))
        let parts = ["0\r\n"] + [String](repeating: field, count: 100)
        #expect(read(parts.map { Array($0.utf8) }) == .fault(.chunk))
    }

    @Test(arguments: ["0\r\nX: a\nY: b\r\n\r\n", "0\r\n\nX: y\r\n\r\n", "0\r\nX: \0\r\n\r\n", "0\r\nX: a\rb\r\n\r\n"])
    func `a trailer holds no control characters`(_ text: String) {
        #expect(read(text) == .fault(.chunk))
    }

    @Test func `random damage never traps`() {
        var random = SplitMix.seeded("damaged chunks")
        let good = Array(ChunkedBodyParserTests.good.utf8)
        for _ in 0..<10_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                if Bool.random(using: &random) {
                    bytes[place] = UInt8.random(in: 0...255, using: &random)
                } else {
                    bytes.insert(UInt8(ascii: "f"), at: place)
                }
            }
            let split = Int.random(in: 0...bytes.count, using: &random)
            let whole = read([bytes])
            let parts = read([Array(bytes[..<split]), Array(bytes[split...])])
            if whole != parts {
                Issue.record("\(bytes) split at \(split): \(whole), \(parts)")
                return
            }
        }
    }
}
