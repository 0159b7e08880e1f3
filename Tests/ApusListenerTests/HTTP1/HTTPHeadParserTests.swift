import ApusCore
import NIOCore
import Testing

@testable import ApusListener

struct HTTPHeadParserTests {
    /// What a parse came to.
    enum Outcome: Equatable {
        case incomplete
        case complete(ParsedHead)
        case fault(HTTPParsingFault)
    }

    /// A head with its texts taken out.
    struct ParsedHead: Equatable {
        var byteCount: Int
        var verb: String
        var path: String
        var query: String
        var isVersion11: Bool
        var fields: [String]
        var contentLength: Int?
        var isChunked: Bool
        var keepsAlive: Bool
        var expectsContinue: Bool

        init(_ head: HTTPRequestHead, byteCount: Int) {
            self.byteCount = byteCount
            verb = head.verb
            path = head.text(head.path)
            query = head.text(head.query)
            isVersion11 = head.isVersion11
            fields = head.fields.map { "\(head.text($0.name))=\(head.text($0.value))" }
            contentLength = head.contentLength
            isChunked = head.isChunked
            keepsAlive = head.keepsAlive
            expectsContinue = head.expectsContinue
        }
    }

    private static let good =
        "POST /v2/models/iris/infer?x=1&y=%20 HTTP/1.1\r\nHost: localhost:8000\r\nContent-Length: 12\r\n"
        + "Accept:  */* \t\r\nX-Empty:\r\nContent-Type: application/json\r\n\r\n"

    private static func parse(
        _ bytes: [UInt8],
        with parser: inout HTTPHeadParser
    ) -> Outcome {
        var head = HTTPRequestHead()
        do throws(HTTPParsingFault) {
            switch try parser.parse(bytes.span, into: &head) {
            case .incomplete:
                return .incomplete
            case .complete(let byteCount):
                head.bytes = ByteBuffer(bytes: bytes.prefix(byteCount))
                return .complete(ParsedHead(head, byteCount: byteCount))
            }
        } catch {
            return .fault(error)
        }
    }

    private static func parse(_ bytes: [UInt8], maxBytes: Int = 4096, maxFields: Int = 100) -> Outcome {
        var parser = HTTPHeadParser(maxBytes: maxBytes, maxFields: maxFields)
        return parse(bytes, with: &parser)
    }

    private static func parse(_ text: String, maxBytes: Int = 4096, maxFields: Int = 100) -> Outcome {
        parse(Array(text.utf8), maxBytes: maxBytes, maxFields: maxFields)
    }

    private static func head(_ text: String) throws -> ParsedHead {
        guard case .complete(let head) = parse(text) else {
            throw HTTPParsingFault.requestLine
        }
        return head
    }

    @Test func `a whole head is taken apart`() throws {
        let head = try HTTPHeadParserTests.head(HTTPHeadParserTests.good + "the body")
        #expect(head.byteCount == HTTPHeadParserTests.good.utf8.count)
        #expect(head.verb == "POST")
        #expect(head.path == "/v2/models/iris/infer")
        #expect(head.query == "x=1&y=%20")
        #expect(head.isVersion11)
        #expect(
            head.fields == [
                "Host=localhost:8000", "Content-Length=12", "Accept=*/*", "X-Empty=", "Content-Type=application/json",
            ]
        )
        #expect(head.contentLength == 12)
        #expect(!head.isChunked)
        #expect(head.keepsAlive)
    }

    @Test(arguments: [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "M-SEARCH", "a!#$%&'*+.^_`|~9",
    ])
    func `any token is a verb, and lower case is another verb than upper case`(_ verb: String) throws {
        #expect(try HTTPHeadParserTests.head("\(verb) / HTTP/1.1\r\nHost: a\r\n\r\n").verb == verb)
        var parser = HTTPHeadParser(maxBytes: 4096, maxFields: 10)
        var head = HTTPRequestHead()
        _ = try parser.parse(Array("\(verb) / HTTP/1.1\r\nHost: a\r\n\r\n".utf8).span, into: &head)
        let expected: HTTPRequestHead.Method =
            switch verb {
            case "GET": .get
            case "HEAD": .head
            case "POST": .post
            default: .other
            }
        #expect(head.method == expected)
    }

    @Test func `a head that arrives in two parts is the same wherever it is split`() {
        let bytes = Array(HTTPHeadParserTests.good.utf8)
        let whole = HTTPHeadParserTests.parse(bytes)
        for split in 0..<bytes.count {
            var parser = HTTPHeadParser(maxBytes: 4096, maxFields: 100)
            #expect(
                HTTPHeadParserTests.parse(Array(bytes[..<split]), with: &parser) == .incomplete,
                "split at \(split)"
            )
            #expect(HTTPHeadParserTests.parse(bytes, with: &parser) == whole, "split at \(split)")
        }
    }

    @Test func `a head that arrives byte by byte is the same`() {
        let bytes = Array(HTTPHeadParserTests.good.utf8)
        var parser = HTTPHeadParser(maxBytes: 4096, maxFields: 100)
        for count in 0..<bytes.count {
            #expect(HTTPHeadParserTests.parse(Array(bytes[..<count]), with: &parser) == .incomplete)
        }
        #expect(HTTPHeadParserTests.parse(bytes, with: &parser) == HTTPHeadParserTests.parse(bytes))
        // The next head on the connection starts afresh.
        #expect(HTTPHeadParserTests.parse(bytes, with: &parser) == HTTPHeadParserTests.parse(bytes))
    }

    @Test func `the end of a head is found at every offset`() {
        for length in 0..<40 {
            let text = "GET /\(String(repeating: "a", count: length)) HTTP/1.1\r\nHost: a\r\n\r\n"
            guard case .complete(let head) = HTTPHeadParserTests.parse(text + "\r\n\r\n") else {
                Issue.record("not found with a path of \(length)")
                continue
            }
            #expect(head.byteCount == text.utf8.count)
        }
    }

    @Test func `the limit on bytes is exact`() {
        let count = HTTPHeadParserTests.good.utf8.count
        #expect(HTTPHeadParserTests.parse(HTTPHeadParserTests.good, maxBytes: count - 1) == .fault(.headTooLarge))
        #expect(
            HTTPHeadParserTests.parse(HTTPHeadParserTests.good, maxBytes: count)
                == HTTPHeadParserTests.parse(HTTPHeadParserTests.good)
        )
        let endless = "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 2000)
        #expect(HTTPHeadParserTests.parse(endless, maxBytes: endless.utf8.count) == .incomplete)
        #expect(HTTPHeadParserTests.parse(endless, maxBytes: endless.utf8.count - 1) == .fault(.headTooLarge))
    }

    @Test func `the limit on fields is exact`() {
        let fields = (1...5).map { "X-\($0): 1\r\n" }.joined()
        let text = "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
        #expect(HTTPHeadParserTests.parse(text, maxFields: 5) == .fault(.tooManyFields))
        #expect(HTTPHeadParserTests.parse(text, maxFields: 6) == HTTPHeadParserTests.parse(text))
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "/", ""),
        ("GET /? HTTP/1.1\r\nHost: a\r\n\r\n", "/", ""),
        ("GET /a?b?c HTTP/1.1\r\nHost: a\r\n\r\n", "/a", "b?c"),
        ("GET //a/../%2e HTTP/1.1\r\nHost: a\r\n\r\n", "//a/../%2e", ""),
        ("GET http://host:1/v2?x=1 HTTP/1.1\r\nHost: a\r\n\r\n", "/v2", "x=1"),
        ("GET https://host/ HTTP/1.1\r\nHost: a\r\n\r\n", "/", ""),
    ])
    func `targets are a path and a query, in absolute form too`(_ text: String, _ path: String, _ query: String) throws
    {
        let head = try HTTPHeadParserTests.head(text)
        #expect(head.path == path)
        #expect(head.query == query)
    }

    @Test(arguments: [
        ("no verb", " / HTTP/1.1\r\nHost: a\r\n\r\n", HTTPParsingFault.requestLine),
        ("nothing", "\r\n\r\n", .requestLine),
        ("verb alone", "GET\r\n\r\n", .requestLine),
        ("no version", "GET /\r\nHost: a\r\n\r\n", .requestLine),
        ("two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        ("tab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
        ("space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
        ("control character in the target", "GET /a\u{1}b HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
        ("NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
        ("DEL in the target", "GET /a\u{7f} HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
        ("control character in the verb", "G\u{1}T / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
        ("separator in the verb", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
        ("lower-case protocol", "GET / http/1.1\r\nHost: a\r\n\r\n", .requestLine),
        ("another protocol", "GET / ICY/1.1\r\nHost: a\r\n\r\n", .requestLine),
        ("CR in the line", "GET / HTTP/1.1\rHost: a\r\n\r\n", .version),
        ("bare LF behind the line", "GET / HTTP/1.1\nHost: a\r\n\r\n", .version),
        ("space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .version),
        ("version 0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", .version),
        ("version 2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", .version),
        ("version 1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", .version),
        ("version 1", "GET / HTTP/1\r\nHost: a\r\n\r\n", .version),
        ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .target),
        ("asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        ("authority", "CONNECT host:1 HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        ("relative path", "GET v2 HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        ("backslash", "GET \\v2 HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        ("absolute form without a path", "GET http://host HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        ("another scheme", "GET ftp://host/a HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        ("fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        ("fragment behind a query", "GET /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    ])
    func `a malformed request line is refused`(_ name: String, _ text: String, _ fault: HTTPParsingFault) {
        #expect(HTTPHeadParserTests.parse(text) == .fault(fault))
    }

    @Test(arguments: [
        ("bare LF between fields", "X: 1\nY: 2", HTTPParsingFault.fieldLine),
        ("bare CR in a value", "X: 1\rY: 2", .fieldLine),
        ("CR CR LF", "X: 1\r\r\nY: 2", .fieldLine),
        ("line that starts with CR", "\rX: 1", .fieldLine),
        ("folded with a space", "X: 1\r\n 2", .fieldLine),
        ("folded with a tab", "X: 1\r\n\t2", .fieldLine),
        ("space before the colon", "X : 1", .fieldLine),
        ("tab before the colon", "X\t: 1", .fieldLine),
        ("space before the name", " X: 1", .fieldLine),
        ("no colon", "X", .fieldLine),
        ("no name", ": 1", .fieldLine),
        ("separator in a name", "X(Y): 1", .fieldLine),
        ("NUL in a name", "X\0: 1", .fieldLine),
        ("NUL in a value", "X: a\0b", .fieldLine),
        ("control character in a value", "X: a\u{1}b", .fieldLine),
        ("backspace in a value", "X: a\u{8}b", .fieldLine),
        ("escape in a value", "X: \u{1b}[31m", .fieldLine),
        ("DEL in a value", "X: a\u{7f}b", .fieldLine),
        ("letter beyond ASCII in a name", "Ü: 1", .fieldLine),
        ("two lengths", "Content-Length: 5\r\nContent-Length: 5", .contentLength),
        ("two different lengths", "Content-Length: 5\r\ncontent-length: 6", .contentLength),
        ("list of lengths", "Content-Length: 5, 5", .contentLength),
        ("negative length", "Content-Length: -1", .contentLength),
        ("length with a sign", "Content-Length: +1", .contentLength),
        ("empty length", "Content-Length:", .contentLength),
        ("hexadecimal length", "Content-Length: 0x10", .contentLength),
        ("length with a space", "Content-Length: 1 0", .contentLength),
        ("fraction", "Content-Length: 1.0", .contentLength),
        ("length of 64 bits", "Content-Length: 9223372036854775808", .contentLength),
        ("length of 66 bits", "Content-Length: 36893488147419103232", .contentLength),
        ("length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked", .conflictingLength),
        ("chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 5", .conflictingLength),
        ("chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .transferEncoding),
        ("chunked chunks", "Transfer-Encoding: chunked, chunked", .transferEncoding),
        ("gzip in chunks", "Transfer-Encoding: gzip, chunked", .transferEncoding),
        ("identity", "Transfer-Encoding: identity", .transferEncoding),
        ("nearly chunked", "Transfer-Encoding: xchunked", .transferEncoding),
        ("chunked in quotes", "Transfer-Encoding: \"chunked\"", .transferEncoding),
        ("no transfer encoding", "Transfer-Encoding:", .transferEncoding),
        ("vertical tab before chunked", "Transfer-Encoding: \u{b}chunked", .fieldLine),
        ("two hosts", "Host: b", .host),
        ("another expectation", "Expect: 200-ok", .expectation),
    ])
    func `a malformed or ambiguous field is refused`(_ name: String, _ fields: String, _ fault: HTTPParsingFault) {
        #expect(HTTPHeadParserTests.parse("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n") == .fault(fault))
    }

    @Test func `a bare LF never ends a head`() {
        #expect(HTTPHeadParserTests.parse("GET / HTTP/1.1\nHost: a\n\n") == .incomplete)
        #expect(HTTPHeadParserTests.parse("GET / HTTP/1.1\r\nHost: a\r\n\n") == .incomplete)
        #expect(HTTPHeadParserTests.parse("GET / HTTP/1.1\r\nHost: a\n\r\n") == .incomplete)
    }

    @Test func `HTTP 1_1 needs exactly one host, HTTP 1_0 at most one`() throws {
        #expect(HTTPHeadParserTests.parse("GET / HTTP/1.1\r\n\r\n") == .fault(.host))
        #expect(try !HTTPHeadParserTests.head("GET / HTTP/1.0\r\n\r\n").isVersion11)
        #expect(try !HTTPHeadParserTests.head("GET / HTTP/1.0\r\nHost: a\r\n\r\n").isVersion11)
        #expect(HTTPHeadParserTests.parse("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == .fault(.host))
    }

    @Test func `chunks are no part of HTTP 1_0`() {
        let text = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(HTTPHeadParserTests.parse(text) == .fault(.conflictingLength))
    }

    @Test func `the largest length fits`() throws {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n"
        #expect(try HTTPHeadParserTests.head(text).contentLength == .max)
    }

    @Test func `names and keywords have any case`() throws {
        let text =
            "POST / HTTP/1.1\r\nhOsT: a\r\nTRANSFER-ENCODING: ChUnKeD\r\nexpect: 100-Continue\r\nCONNECTION: Close\r\n\r\n"
        let head = try HTTPHeadParserTests.head(text)
        #expect(head.isChunked)
        #expect(head.expectsContinue)
        #expect(!head.keepsAlive)
    }

    @Test func `bytes beyond ASCII may stand in a value`() {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + [0x80, 0xff] + Array("\r\n\r\n".utf8)
        guard case .complete = HTTPHeadParserTests.parse(bytes) else {
            Issue.record("refused")
            return
        }
    }

    @Test func `a field's name is made of the bytes of tokens`() {
        let allowed = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for byte in UInt8.min...UInt8.max where byte != UInt8(ascii: ":") {
            let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX".utf8) + [byte] + Array(": y\r\n\r\n".utf8)
            var head = HTTPRequestHead()
            var parser = HTTPHeadParser(maxBytes: 4096, maxFields: 10)
            let outcome = try? parser.parse(bytes.span, into: &head)
            #expect((outcome == .complete(byteCount: bytes.count)) == allowed.contains(byte), "byte \(byte)")
        }
    }

    @Test func `a known field is found by its name only, whatever its case`() throws {
        let names = [
            "expect", "authorization", "content-length", "accept-encoding", "content-encoding", "transfer-encoding",
            "inference-header-content-length", "apus-timeout",
        ]
        for name in names {
            for index in name.utf8.indices {
                for byte in UInt8(0x21)...0x7e where byte != UInt8(ascii: ":") {
                    var changed = Array(name.utf8)
                    changed[name.utf8.distance(from: name.utf8.startIndex, to: index)] = byte
                    let isKnown = String(decoding: changed, as: UTF8.self).lowercased() == name
                    let value = name == "transfer-encoding" ? "chunked" : name == "expect" ? "100-continue" : "7"
                    let bytes =
                        Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8) + changed + Array(": \(value)\r\n\r\n".utf8)
                    var head = HTTPRequestHead()
                    var parser = HTTPHeadParser(maxBytes: 4096, maxFields: 10)
                    guard (try? parser.parse(bytes.span, into: &head)) != nil else { continue }
                    let found =
                        head.expectsContinue || head.authorization != nil || head.contentLength != nil
                        || head.acceptEncoding != nil || head.contentEncoding != nil || head.isChunked
                        || head.inferenceHeaderLength != nil || head.timeout != nil
                    #expect(found == isKnown, "\(String(decoding: changed, as: UTF8.self))")
                }
            }
        }
    }

    @Test func `known fields are found`() throws {
        let text =
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nAccept-Encoding: deflate\r\n"
            + "Inference-Header-Content-Length: 17\r\nAuthorization: Bearer x\r\n"
        var parser = HTTPHeadParser(maxBytes: 4096, maxFields: 10)
        var head = HTTPRequestHead()
        _ = try parser.parse(Array("\(text)\r\n".utf8).span, into: &head)
        head.bytes = ByteBuffer(string: text)
        #expect(head.contentEncoding.map { head.text($0) } == "gzip")
        #expect(head.acceptEncoding.map { head.text($0) } == "deflate")
        #expect(head.inferenceHeaderLength.map { head.text($0) } == "17")
        #expect(head.authorization.map { head.text($0) } == "Bearer x")
        #expect(head.timeout == nil)
        let more = "\(text)Apus-Timeout: 100m\r\nX: y\r\nAPUS-TIMEOUT: 200m\r\n\r\n"
        _ = try parser.parse(Array(more.utf8).span, into: &head)
        head.bytes = ByteBuffer(string: more)
        #expect(head.timeout.map { head.text($0) } == "100m")
    }

    @Test func `nothing is left over from the last head`() throws {
        var parser = HTTPHeadParser(maxBytes: 4096, maxFields: 10)
        var head = HTTPRequestHead()
        let first =
            "POST /a?b HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\nContent-Encoding: gzip\r\nApus-Timeout: 1S"
            + "\r\n\r\n"
        _ = try parser.parse(Array(first.utf8).span, into: &head)
        _ = try parser.parse(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8).span, into: &head)
        #expect(head.method == .get)
        #expect(head.isVersion11)
        #expect(head.contentLength == nil)
        #expect(head.contentEncoding == nil)
        #expect(!head.expectsContinue)
        #expect(head.timeout == nil)
        #expect(head.keepsAlive)
        #expect(head.fields.count == 1)
        #expect(head.query.isEmpty)
    }
}
