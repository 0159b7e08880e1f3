import ApusCore
import Testing

struct LogSettingsTests {
    private func update(_ changes: (String, LogSettings.Value?)...) throws(InferenceError) -> LogSettings {
        var settings = LogSettings()
        try settings.update(changes.map { LogSettingChange(name: $0.0, value: $0.1) })
        return settings
    }

    @Test func `the settings and their defaults are Triton's`() {
        let entries = LogSettings().entries
        #expect(
            entries.map(\.name) == [
                "log_file", "log_info", "log_warning", "log_error", "log_verbose_level", "log_format",
            ]
        )
        #expect(
            entries.map(\.value) == [
                .text(""), .bool(true), .bool(true), .bool(true), .number(0), .text("default"),
            ]
        )
    }

    @Test func `each setting changes, and no value changes nothing`() throws {
        let settings = try update(
            ("log_info", .bool(false)),
            ("log_warning", .bool(false)),
            ("log_error", .bool(false)),
            ("log_verbose_level", .number(3)),
            ("log_format", .text("ISO8601")),
            ("log_file", nil)
        )
        #expect(!settings.hasInfo && !settings.hasWarning && !settings.hasError)
        #expect(settings.verboseLevel == 3)
        #expect(settings.format == "ISO8601")
        #expect(try update(("log_info", nil)) == LogSettings())
    }

    @Test(arguments: [
        ("log_info", LogSettings.Value.text("true")), ("log_error", .number(1)), ("log_verbose_level", .bool(true)),
        ("log_verbose_level", .text("1")), ("log_format", .text("json")), ("log_format", .bool(true)),
        ("log_warnings", .bool(true)), ("", .bool(true)),
    ]) func `what can't be is a bad request`(_ name: String, _ value: LogSettings.Value) {
        let error = #expect(throws: InferenceError.self) { try update((name, value)) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.field == name)
    }

    @Test func `the file can't be changed`() {
        let error = #expect(throws: InferenceError.self) { try update(("log_file", .text("/etc/passwd"))) }
        #expect(error?.code == .unsupported)
        #expect(error?.message == "log file location can not be updated through network protocol")
    }

    @Test func `changes are made all or none`() {
        var settings = LogSettings()
        #expect(throws: InferenceError.self) {
            try settings.update([
                LogSettingChange(name: "log_info", value: .bool(false)),
                LogSettingChange(name: "x", value: .bool(false)),
            ])
        }
        #expect(settings == LogSettings())
    }
}
