import Testing

@testable import ApusProtocol

struct JSONValueTests {
    private func failure(_ text: String, maxDepth: Int = 64, maxValues: Int = 100) -> JSONFailure.Kind? {
        do throws(JSONFailure) {
            _ = try JSONValue.parse(Array(text.utf8), maxDepth: maxDepth, maxValues: maxValues)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test func `every kind of value is read`() throws {
        let text = """
            {"n": null, "t": true, "i": -5, "max": 9223372036854775807, "u": 18446744073709551615, "big": 1e300,
             "one": 1.0, "r": 0.5, "s": "a\\u00fc\\n", "a": [1, [2], {}], "o": {"x": {"y": []}}, "i": 6}
            """
        let root = try JSONValue.parse(Array(text.utf8))
        #expect(root["n"] == .null)
        #expect(root["t"] == .bool(true))
        #expect(root["max"] == .integer(.max))
        #expect(root["u"] == .unsigned(.max))
        #expect(root["big"] == .real(1e300))
        #expect(root["one"] == .real(1))
        #expect(root["r"] == .real(0.5))
        #expect(root["s"] == .string("a\u{fc}\n"))
        #expect(root["a"] == .array([.integer(1), .array([.integer(2)]), .object([])]))
        #expect(root["o"] == .object([.init("x", .object([.init("y", .array([]))]))]))
        // The last one counts.
        #expect(root["i"] == .integer(6))
        #expect(root["absent"] == nil)
    }

    @Test(arguments: [
        "", " ", "[]", "1", "{", "{}}", "{} {}", #"{"a"}"#, #"{"a": }"#, #"{"a": 1,}"#, #"{"a": [1,]}"#, #"{"a": 01}"#,
        #"{"a": nul}"#, #"{"a": tru}"#, #"{"a": "}"#, #"{"a": 1 2}"#, #"{'a': 1}"#, #"{"a": +1}"#,
        #"{"a": 99999999999999999999999999999x}"#,
    ]) func `what is no JSON object is refused`(_ text: String) {
        #expect(failure(text) != nil)
    }

    @Test func `depth and number of values are bounded`() {
        #expect(failure(String(repeating: #"{"a":"#, count: 70) + "1" + String(repeating: "}", count: 70)) == .tooDeep)
        #expect(failure(#"{"a": [1, 2, 3]}"#, maxValues: 4) == nil)
        #expect(failure(#"{"a": [1, 2, 3]}"#, maxValues: 3) == .tooManyElements)
    }
}
