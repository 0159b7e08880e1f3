import ApusCore
import Testing

@testable import ApusServer

struct SettingParsingTests {
    @Test(arguments: [
        ("0", 0), ("1", 1), ("65536", 65_536), ("12B", 12), ("64KiB", 65_536), ("1MiB", 1_048_576), ("1GiB", 1 << 30),
        ("2KB", 2000), ("3MB", 3_000_000), ("4GB", 4_000_000_000), ("9223372036854775807", Int.max), ("007", 7),
    ]) func `byte counts`(_ text: String, _ expected: Int) {
        #expect(SettingParsing.byteCount(text) == expected)
    }

    @Test(arguments: [
        "", "B", "KiB", "-1", "+1", "1.5MiB", "1 MiB", " 1", "1 ", "1kib", "1TiB", "0x10", "1e3", "9223372036854775808",
        "9007199254740992KiB", "8589934592GiB", "99999999999999999999", "١", "1\u{0}",
    ]) func `what is no byte count, or none that fits`(_ text: String) {
        #expect(SettingParsing.byteCount(text) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("0s", 0), ("5ns", 5), ("7us", 7000), ("500ms", 500_000_000), ("8s", 8_000_000_000),
        ("2m", 120_000_000_000), ("1h", 3_600_000_000_000), ("9223372036854775807ns", Int64.max),
    ]) func `durations`(_ text: String, _ expected: Int64) {
        #expect(SettingParsing.nanoseconds(text) == expected)
    }

    @Test(arguments: [
        "", "s", "1", "8", "-1s", "1.5s", "1 s", "1S", "1d", "9223372036854775808ns", "9223372037s", "2562048h", "infs",
    ]) func `what is no duration, or none that fits`(_ text: String) {
        #expect(SettingParsing.nanoseconds(text) == nil)
    }

    @Test func `truth in the words that people write`() {
        for text in ["true", "TRUE", "yes", "on", "1"] { #expect(SettingParsing.boolean(text) == true) }
        for text in ["false", "No", "off", "0"] { #expect(SettingParsing.boolean(text) == false) }
        for text in ["", "2", "t", "maybe", "true "] { #expect(SettingParsing.boolean(text) == nil) }
    }

    @Test func `the nearest key is near`() {
        let keys = Settings.all.map(\.key)
        #expect(keys.nearest(to: "htttp_port") == "http_port")
        #expect(keys.nearest(to: "model") == "models")
        #expect(keys.nearest(to: "host") == "host")
        #expect(keys.nearest(to: "completely_different") == nil)
        #expect(keys.nearest(to: "") == nil)
        #expect([String]().nearest(to: "host") == nil)
    }
}
