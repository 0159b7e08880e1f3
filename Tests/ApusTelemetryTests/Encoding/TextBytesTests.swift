import Testing

@testable import ApusTelemetry

struct TextBytesTests {
    /// What a build step wrote, as text.
    private func text(_ build: (inout TextBytes) -> Void) -> String {
        var text = TextBytes()
        build(&text)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_795_217_408_123, "2026-11-20T23:30:08.123Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func `a time is written as UTC with milliseconds`(milliseconds: Int64, expected: String) {
        #expect(text { $0.append(timestamp: milliseconds) } == expected)
    }

    @Test func `numbers are written in full`() {
        #expect(text { $0.append(decimal: UInt64.max) } == "18446744073709551615")
        #expect(text { $0.append(decimal: Int64.min) } == "-9223372036854775808")
        #expect(text { $0.append(decimal: UInt64(0)) } == "0")
        #expect(text { $0.append(decimal: 7, digits: 3) } == "007")
    }

    @Test(arguments: [
        (0, "0"), (10_000, "0.00001"), (1, "0.000000001"), (2_500_000_000, "2.5"), (10_000_000_000, "10"),
        (UInt64.max, "18446744073.709551615"),
    ])
    func `nanoseconds are exact seconds`(nanoseconds: UInt64, expected: String) {
        #expect(text { $0.append(secondsOf: nanoseconds) } == expected)
    }

    @Test func `nanoseconds are milliseconds with three decimals`() {
        #expect(text { $0.append(millisecondsOf: 1_234_567) } == "1.234")
        #expect(text { $0.append(millisecondsOf: 9_999) } == "0.009")
    }

    @Test func `quoting escapes what could mislead`() {
        let control = text { $0.append(quoting: "a\"b\\c\r\n\t\u{0}\u{1B}[31m\u{7F}") }
        #expect(control == #""a\"b\\c\r\n\t\u0000\u001b[31m\u007f""#)
        let invisible = text { $0.append(quoting: "\u{85}\u{9B}\u{2028}\u{202E}\u{200B}\u{FEFF}") }
        #expect(invisible == #""\u0085\u009b\u2028\u202e\u200b\ufeff""#)
        #expect(text { $0.append(quoting: "Größe 日本 🦜") } == "\"Größe 日本 🦜\"")
    }

    /// Not a lead byte, overlong twice, a surrogate, beyond U+10FFFF, cut off twice.
    static let broken: [[UInt8]] = [
        [0xFF], [0xC0, 0x8A], [0xE0, 0x80, 0x8A], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3], [0xE2, 0x80],
    ]

    @Test(arguments: broken)
    func `broken UTF-8 becomes the replacement character`(bytes: [UInt8]) {
        let quoted = text { $0.append(quotingBytes: bytes.span) }
        #expect(quoted == "\"" + String(repeating: #"\ufffd"#, count: bytes.count) + "\"")
    }

    @Test func `a cut off sequence doesn't swallow what follows`() {
        #expect(text { $0.append(quotingBytes: ([0xE2, 0x22] as [UInt8]).span) } == #""\ufffd\"""#)
    }

    @Test func `long values are cut between characters`() {
        #expect(text { $0.append(quoting: "aéé", limit: 4) } == "\"aé…\"")
        #expect(text { $0.append(quoting: "aé", limit: 3) } == "\"aé\"")
        #expect(text { $0.append(readable: "abcdef", limit: 3) } == "\"abc…\"")
    }

    @Test func `every single byte stays inside its quotes`() {
        for byte in UInt8.min...UInt8.max {
            var text = TextBytes()
            text.append(quotingBytes: [byte].span)
            let inner = text.bytes.dropFirst().dropLast()
            #expect(inner.allSatisfy { (0x20...0x7E).contains($0) })
            #expect(!inner.contains(UInt8(ascii: "\"")) || inner.first == UInt8(ascii: "\\"))
        }
    }
}
