import Testing

@testable import ApusServer

struct SettingsTests {
    @Test(arguments: Settings.all.map(\.key)) func `every default can be read`(_ key: String) throws {
        let setting = try #require(Settings.named(key))
        let flags = setting.defaultValue.isEmpty ? [:] : [key: setting.defaultValue]
        _ = try ConfigurationReader(flags: flags, environment: [:], file: nil).read()
        if case .choice(let words) = setting.kind { #expect(words.contains(setting.defaultValue)) }
        if case .integer(let range) = setting.kind {
            let number = try #require(Int(setting.defaultValue))
            #expect(range.contains(number))
        }
    }

    @Test func `keys, flags and variables are unique`() {
        #expect(Set(Settings.all.map(\.key)).count == Settings.all.count)
        #expect(Set(Settings.all.map(\.flag)).count == Settings.all.count)
        #expect(Set(Settings.all.map(\.variable)).count == Settings.all.count)
        #expect(Settings.named("no_such_key") == nil)
    }

    @Test func `flags and variables follow from keys`() throws {
        let port = try #require(Settings.named("http_port"))
        #expect(port.flag == "--http-port")
        #expect(port.variable == "APUS_HTTP_PORT")
        for setting in Settings.all {
            #expect(setting.key.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (97...122).contains($0) })
            #expect(setting.help.hasSuffix("."))
        }
    }

    @Test func `the table's defaults are the configuration's`() throws {
        let read = try ConfigurationReader(flags: [:], environment: [:], file: nil).read()
        #expect(members(of: read) == members(of: ServerConfiguration()))
    }

    @Test func `every setting changes something`() throws {
        let defaults = members(of: ServerConfiguration())
        for setting in Settings.all {
            var flags = [setting.key: other(than: setting)]
            if setting.key == "host" { flags["insecure"] = "false" }
            if setting.key == "load_model" { flags["model_control_mode"] = "explicit" }
            let read = try ConfigurationReader(flags: flags, environment: [:], file: nil).read()
            #expect(members(of: read) != defaults, "\(setting.key) is read by nobody")
        }
    }

    /// A legal value that isn't the default.
    private func other(than setting: Setting) -> String {
        switch setting.kind {
        case .text: setting.key == "host" ? "127.0.0.2" : "elsewhere"
        case .integer(let range):
            String(range.lowerBound) == setting.defaultValue ? String(range.upperBound) : String(range.lowerBound)
        case .port: "off"
        case .byteCount: "123"
        case .duration: "123ms"
        case .boolean: setting.defaultValue == "true" ? "false" : "true"
        case .list: "a,b"
        case .choice(let words): words.first { $0 != setting.defaultValue } ?? ""
        }
    }

    /// Everything that a configuration says, as text.
    private func members(of configuration: ServerConfiguration) -> [String] {
        Mirror(reflecting: configuration).children.map { "\($0.label ?? ""): \($0.value)" }
    }
}
