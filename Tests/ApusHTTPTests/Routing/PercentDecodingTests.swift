import Testing

@testable import ApusHTTP

struct PercentDecodingTests {
    private func decode(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return PercentDecoding.text(bytes.span, 0..<bytes.count)
    }

    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("%41", "A"), ("%4a%4A", "JJ"), ("a%20b", "a b"), ("%25", "%"), ("%2541", "%41"),
        ("%e2%82%ac", "€"), ("%ff", "\u{fffd}"), ("%c3", "\u{fffd}"), ("%00", "\0"), ("+", "+"), ("ü", "ü"),
    ])
    func `escapes are resolved`(_ text: String, _ expected: String) {
        #expect(decode(text) == expected)
    }

    @Test(arguments: ["%", "%%", "a%", "%4", "a%4", "%g0", "%0g", "%-1", "% 1", "%+1", "%%%"])
    func `a broken escape stands for itself`(_ text: String) {
        #expect(decode(text) == text)
    }

    @Test func `an escape doesn't reach behind its segment`() {
        let bytes = Array("a%4/1".utf8)
        #expect(PercentDecoding.text(bytes.span, 0..<3) == "a%4")
        let other = Array("/%41/".utf8)
        #expect(PercentDecoding.text(other.span, 1..<4) == "A")
        #expect(PercentDecoding.text(other.span, 1..<3) == "%4")
    }

    @Test func `every byte has its escape in either case`() {
        for byte in UInt8(0)..<128 {
            let digits = String(byte, radix: 16)
            let escape = digits.count == 1 ? "0\(digits)" : digits
            let expected = String(decoding: [byte], as: UTF8.self)
            #expect(decode("%\(escape)") == expected)
            #expect(decode("%\(escape.uppercased())") == expected)
        }
    }

    @Test func `bytes that are no UTF-8 are replaced`() {
        let bytes: [UInt8] = [0x61, 0xff, 0x62]
        #expect(PercentDecoding.text(bytes.span, 0..<3) == "a\u{fffd}b")
    }
}
