import ApusCore
import NIOCore
import Testing

@testable import ApusListener

struct FieldFactsTests {
    private func head(_ version: String, _ fields: [String]) throws(HTTPParsingFault) -> HTTPRequestHead {
        var head = HTTPRequestHead()
        var parser = HTTPHeadParser(maxBytes: 4096, maxFields: 100)
        let lines = (["POST / HTTP/\(version)", "Host: a"] + fields).map { "\($0)\r\n" }.joined()
        _ = try parser.parse(Array("\(lines)\r\n".utf8).span, into: &head)
        head.bytes = ByteBuffer(string: lines)
        return head
    }

    @Test(
        arguments: [
            ("1.1", [], true),
            ("1.1", ["Connection: keep-alive"], true),
            ("1.1", ["Connection: close"], false),
            ("1.1", ["Connection: CLOSE"], false),
            ("1.1", ["Connection: keep-alive, close"], false),
            ("1.1", ["Connection: close", "Connection: keep-alive"], false),
            ("1.1", ["Connection: x ,\tclose\t, y"], false),
            ("1.1", ["Connection: closed"], true),
            ("1.1", ["Connection: not close"], true),
            ("1.1", ["Connection: ,,"], true),
            ("1.1", ["Connection:"], true),
            ("1.1", ["Connection: upgrade, http2-settings", "Upgrade: h2c"], true),
            ("1.0", [], false),
            ("1.0", ["Connection: keep-alive"], true),
            ("1.0", ["Connection: Keep-Alive"], true),
            ("1.0", ["Connection: keep-alive, close"], false),
            ("1.0", ["Connection: close"], false),
            ("1.0", ["Connection: x"], false),
            ("1.0", ["Keep-Alive: timeout=5"], false),
        ] as [(String, [String], Bool)]
    )
    func `whether a connection is kept`(_ version: String, _ fields: [String], _ keeps: Bool) throws {
        #expect(try head(version, fields).keepsAlive == keeps)
    }

    @Test(
        arguments: [
            ("Apus-Timing: 1", true), ("apus-timing: TRUE", true), ("Apus-Timing: 0", false), ("Apus-Timing:", false),
            ("Apus-Timing: 11", false), ("Apus-Timinh: 1", false),
        ]
    )
    func `whether the phases are asked for`(_ field: String, _ asks: Bool) throws {
        #expect(try head("1.1", [field]).asksForTiming == asks)
    }

    @Test func `an expectation counts in HTTP 1_1 only`() throws {
        #expect(try head("1.1", ["Expect: 100-continue"]).expectsContinue)
        // RFC 9110 §10.1.1: a server must ignore it in a 1.0 request.
        #expect(try !head("1.0", ["Expect: 100-continue"]).expectsContinue)
    }

    @Test func `a second Content-Encoding field is no way around the ban on nested codings`() throws {
        // HARDENING, decompression bomb: nested encodings are refused; two fields mean the same as one list.
        let outcome = Result { () throws -> String? in
            let head = try head("1.1", ["Content-Encoding: gzip", "Content-Encoding: identity"])
            return head.contentEncoding.map { head.text($0) }
        }
        #expect((try? outcome.get()) != "identity")
    }

    @Test func `two different lengths of the JSON part are refused`() {
        #expect(throws: HTTPParsingFault.self) {
            try head("1.1", ["Inference-Header-Content-Length: 5", "Inference-Header-Content-Length: 6"])
        }
    }

    @Test func `two different credentials are refused`() {
        #expect(throws: HTTPParsingFault.self) {
            try head("1.1", ["Authorization: Bearer a", "Authorization: Bearer b"])
        }
    }

    @Test func `lists are taken apart without white space`() {
        let text = " a,\tb ,, c "
        let bytes = Array(text.utf8)
        let parts = bytes.span.listElements(of: 0..<bytes.count).map { String(decoding: bytes[$0], as: UTF8.self) }
        #expect(parts == ["a", "b", "", "c"])
    }

    @Test func `numbers are decimal digits and fit`() {
        func number(_ text: String) -> Int? {
            let bytes = Array(text.utf8)
            return bytes.span.decimal(0..<bytes.count)
        }
        #expect(number("0") == 0)
        #expect(number("0042") == 42)
        #expect(number("9223372036854775807") == .max)
        for bad in [
            "", "9223372036854775808", "99999999999999999999999", "-1", "+1", " 1", "1 ", "1e3", "0x1", "/", ":", "１",
        ] {
            #expect(number(bad) == nil, "'\(bad)'")
        }
    }
}
