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
    }

    @Test func `sixty-four ASCII characters are names by themselves, and the point beside another`() {
        let characters = (UInt8(0)..<0x80).map { String(Unicode.Scalar($0)) }
        let alone = characters.filter { ModelName($0) != nil }
        #expect(alone.count == 26 + 26 + 10 + 2)
        #expect(characters.filter { ModelName("a" + $0) != nil } == (alone + ["."]).sorted())
    }

    @Test func `names are sorted`() throws {
        let names = try ["b", "B", "a-1", "a"].map { try #require(ModelName($0)) }
        #expect(names.sorted().map(\.description) == ["B", "a", "a-1", "b"])
    }
}
