import ApusCore
import Testing

struct ModelVersionTests {
    @Test func `versions begin with one`() {
        #expect(ModelVersion(1) == .first)
        #expect(ModelVersion(0) == nil)
        #expect(ModelVersion(-1) == nil)
        #expect(ModelVersion(.min) == nil)
        #expect(ModelVersion(.max)?.number == .max)
    }

    @Test(arguments: ["1", "10", "9223372036854775807"])
    func `decimal digits are a version and stay the same text`(text: String) {
        #expect(ModelVersion(parsing: text)?.description == text)
    }

    @Test(
        arguments: [
            "", "0", "01", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1_000", "9223372036854775808",
            "99999999999999999999", "٣", "１", "latest", "1\0", "1/2",
        ]
    )
    func `any other text is no version`(text: String) {
        #expect(ModelVersion(parsing: text) == nil)
    }

    @Test func `versions are ordered by number and not by text`() throws {
        let versions = try ["10", "9", "2"].map { try #require(ModelVersion(parsing: $0)) }
        #expect(versions.sorted().map(\.number) == [2, 9, 10])
    }
}
