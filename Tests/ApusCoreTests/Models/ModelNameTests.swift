import ApusCore
import Testing

struct ModelNameTests {
    @Test(
        arguments: [
            "a", "Z", "0", "_", "-", "a.b", ".a", "a.", "...", "..a", "-a", "iris_v2.1-final",
            String(repeating: "x", count: 255),
        ]
    )
    func `letters, digits, point, hyphen and underscore make a name`(text: String) {
        #expect(ModelName(text)?.description == text)
        #expect(ModelName.isValid(text.utf8))
    }

    @Test(
        arguments: [
            "", ".", "..", "a/b", "/", "../a", "a\\b", "a b", " a", "a\n", "a\0", "\0", "a%2e", "é", "a:b", "a@b",
            "a+b",
            "~", "a*", "名", "a\u{301}", "\u{ff0e}\u{ff0e}", String(repeating: "x", count: 256),
        ]
    )
    func `anything else is no name`(text: String) {
        #expect(ModelName(text) == nil)
        #expect(!ModelName.isValid(text.utf8))
    }

    @Test func `sixty-four bytes are names by themselves, and the point beside another`() {
        let allowed = (UInt8.min...UInt8.max).filter { ModelName.isValid([$0]) }
        #expect(allowed.count == 26 + 26 + 10 + 2)
        #expect(!allowed.contains(UInt8(ascii: ".")))
        #expect((UInt8.min...UInt8.max).filter { ModelName.isValid([0x61, $0]) }.count == 26 + 26 + 10 + 3)
    }

    @Test func `a part of a text is a name as well`() {
        #expect(ModelName("/iris/".dropFirst().dropLast())?.description == "iris")
    }

    @Test func `names are sorted`() throws {
        let names = try ["b", "B", "a-1", "a"].map { try #require(ModelName($0)) }
        #expect(names.sorted().map(\.description) == ["B", "a", "a-1", "b"])
    }
}
