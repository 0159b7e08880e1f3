import ApusCore
import NIOCore
import Testing

@testable import ApusListener

struct HTTPHeadParserFuzzTests {
    private static let heads = [
        "GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /v2/models/m/infer?x HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nConnection: close, x\r\n\r\n",
        "POST http://h/v2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        "PUT / HTTP/1.0\r\nConnection: keep-alive\r\nX:\ty \r\n\r\n",
    ]

    /// Parses whole and in two parts: both must agree, and what is accepted must be clean.
    private func check(_ bytes: [UInt8], split: Int) -> Bool {
        var head = HTTPRequestHead()
        var parser = HTTPHeadParser(maxBytes: 512, maxFields: 8)
        let whole = outcome(bytes, &parser, &head)
        var other = HTTPRequestHead()
        var second = HTTPHeadParser(maxBytes: 512, maxFields: 8)
        var parts = outcome(Array(bytes[..<split]), &second, &other)
        if parts == .success(.incomplete) { parts = outcome(bytes, &second, &other) }
        guard case .success(.complete(let count)) = whole else {
            // A fault may show before the last byte has come, but never turn into a request.
            if case .success(.complete) = parts { return false }
            return true
        }
        return parts == whole && count <= bytes.count && isClean(head, bytes, count)
    }

    private func outcome(
        _ bytes: [UInt8],
        _ parser: inout HTTPHeadParser,
        _ head: inout HTTPRequestHead
    ) -> Result<HTTPHeadParser.Outcome, HTTPParsingFault> {
        do throws(HTTPParsingFault) {
            return .success(try parser.parse(bytes.span, into: &head))
        } catch {
            return .failure(error)
        }
    }

    private func isClean(_ head: HTTPRequestHead, _ bytes: [UInt8], _ count: Int) -> Bool {
        let ranges = [head.methodName, head.path, head.query] + head.fields.flatMap { [$0.name, $0.value] }
        guard ranges.allSatisfy({ $0.lowerBound >= 0 && $0.upperBound <= count }) else { return false }
        let texts = ranges.flatMap { bytes[$0] }
        guard texts.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else { return false }
        guard !head.path.isEmpty, bytes[head.path.lowerBound] == UInt8(ascii: "/") else { return false }
        return !(head.isChunked && head.contentLength != nil)
    }

    @Test(arguments: heads) func `no change of a single byte traps or lets dirt through`(_ text: String) {
        let good = Array(text.utf8)
        var random = SplitMix.seeded("single-byte changes")
        for position in good.indices {
            for value in UInt8.min...UInt8.max {
                var bytes = good
                bytes[position] = value
                let split = Int.random(in: 0..<bytes.count, using: &random)
                if !check(bytes, split: split) {
                    Issue.record("byte \(position) as \(value), split at \(split)")
                    return
                }
            }
        }
    }

    @Test(arguments: heads) func `no removed, repeated or inserted byte traps or lets dirt through`(_ text: String) {
        let good = Array(text.utf8)
        var random = SplitMix.seeded("removed and inserted bytes")
        let extras: [UInt8] = [0, 9, 10, 13, 32, 35, 44, 58, 59, 127, 128, 255]
        for position in good.indices {
            var removed = good
            removed.remove(at: position)
            #expect(check(removed, split: Int.random(in: 0..<removed.count, using: &random)), "without \(position)")
            for extra in extras + [good[position]] {
                var bytes = good
                bytes.insert(extra, at: position)
                #expect(
                    check(bytes, split: Int.random(in: 0..<bytes.count, using: &random)),
                    "\(extra) at \(position)"
                )
            }
        }
    }

    @Test func `random bytes never trap`() {
        var random = SplitMix.seeded("random heads")
        let alphabet = Array("GETPOS /HTTP1.0:hostcLn-\r\n\r\n\r\n \t?#,;aA09\0\u{7f}".utf8) + [0x80, 0xff]
        for _ in 0..<10_000 {
            let count = Int.random(in: 1...80, using: &random)
            var bytes = (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
            if Bool.random(using: &random) { bytes = Array("GET / HTTP/1.1\r\n".utf8) + bytes }
            bytes += Array("\r\n\r\n".utf8)
            if !check(bytes, split: Int.random(in: 0..<bytes.count, using: &random)) {
                Issue.record("\(bytes)")
                return
            }
        }
    }

    @Test func `damaged heads never trap`() {
        var random = SplitMix.seeded("damaged heads")
        for _ in 0..<10_000 {
            var bytes = Array((HTTPHeadParserFuzzTests.heads.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                case 2: bytes.insert(contentsOf: bytes.prefix(place), at: place)
                default: bytes.remove(at: place)
                }
                if bytes.isEmpty { bytes = [0x0d] }
                if bytes.count > 2000 { bytes.removeSubrange(2000...) }
            }
            if !check(bytes, split: Int.random(in: 0..<bytes.count, using: &random)) {
                Issue.record("\(bytes)")
                return
            }
        }
    }
}
