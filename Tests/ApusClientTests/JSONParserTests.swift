import ApusClient
import Testing

struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONParser.parse(Array(text.utf8))
    }

    @Test func `what is written is read back`() throws {
        let text = #"{"a":[1,-0.5e+7,true,false,null,"x\"\\\u0001é😀"],"b":{},"c":[]}"#
        let value = try parse(text)
        #expect(String(decoding: value.encoded, as: UTF8.self) == text)
        #expect(try JSONParser.parse(value.encoded) == value)
    }

    @Test func `numbers keep every digit`() throws {
        for number in ["18446744073709551615", "-9223372036854775808", "1e-310", "0.1234567890123456789", "-0"] {
            #expect(try parse("[\(number)]") == .array([.number(number)]))
        }
    }

    @Test func `bare tokens for what is not finite are numbers`() throws {
        let numbers: [JSONValue] = [.number("NaN"), .number("Infinity"), .number("-Infinity")]
        #expect(try parse("[NaN,Infinity,-Infinity]").elements == numbers)
    }

    @Test func `escapes are resolved, surrogate pairs too`() throws {
        #expect(try parse(#""\u00e9\ud83d\ude00\n\/\b""#) == .string("é😀\n/\u{8}"))
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "01", "+1", ".5", "1.",
        "1e",
        "-", "--1", "nul", "truE", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\u{1}\"",
        "1 2", "[1]]",
        "nan", "[1 2]", "'a'", "// x",
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(throws: JSONSyntaxError.self) { try parse(text) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: JSONSyntaxError.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
    }

    @Test func `nesting ends at a hundred`() throws {
        let deepest = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        _ = try parse(deepest)
        #expect(throws: JSONSyntaxError.self) { try parse("[\(deepest)]") }
        #expect(throws: JSONSyntaxError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
    }

    @Test func `a fault names its line and column`() {
        #expect(failure { _ = try parse("{\n  \"a\": x}") }.hasPrefix("line 2, column 8:"))
    }

    @Test func `no input traps`() {
        let samples = [#"{"a":[1,-0.5e7,true,null,"x\u00e9\ud83d\ude00"],"b":{"c":NaN}}"#, "[[1,2],[3,4]]"]
        fuzz("JSON", samples.map { Array($0.utf8) }) { bytes in
            guard let value = try? JSONParser.parse(bytes) else { return }
            #expect((try? JSONParser.parse(value.encoded)) == value)
        }
    }
}
