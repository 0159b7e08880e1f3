import ApusCore
import Testing

struct TraceSettingsTests {
    private func change(_ name: String, _ values: String...) -> TraceSettingChange {
        TraceSettingChange(name: name, values: values)
    }

    private func refusal(_ change: TraceSettingChange) -> InferenceError? {
        var table = TraceSettingsTable()
        do throws(InferenceError) {
            try table.update([change], of: nil)
            return nil
        } catch {
            return error
        }
    }

    @Test func `the defaults are Triton's`() {
        let entries = TraceSettingsTable().settings(of: nil).entries
        #expect(
            entries.map(\.name).sorted() == [
                "log_frequency", "trace_count", "trace_file", "trace_level", "trace_mode", "trace_rate",
            ]
        )
        let values = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.values) })
        #expect(values["trace_level"] == ["OFF"])
        #expect(values["trace_rate"] == ["1000"])
        #expect(values["trace_count"] == ["-1"])
        #expect(values["log_frequency"] == ["0"])
        #expect(values["trace_file"] == [""])
        #expect(values["trace_mode"] == ["triton"])
    }

    @Test func `a model's own settings count before the server's, until they are cleared`() throws {
        let model = try #require(ModelName("m"))
        var table = TraceSettingsTable()
        try table.update([change("trace_rate", "5"), change("trace_level", "TIMESTAMPS", "TENSORS")], of: nil)
        try table.update([change("trace_rate", "7")], of: model)
        #expect(table.settings(of: model).rate == 7)
        #expect(table.settings(of: model).level == ["TIMESTAMPS", "TENSORS"])
        #expect(table.settings(of: nil).rate == 5)
        #expect(table.settings(of: ModelName("other")).rate == 5)
        try table.update([change("trace_rate", "9")], of: nil)
        #expect(table.settings(of: model).rate == 7)
        try table.update([TraceSettingChange(name: "trace_rate", values: nil)], of: model)
        #expect(table.settings(of: model).rate == 9)
        try table.update([TraceSettingChange(name: "trace_rate", values: nil)], of: nil)
        #expect(table.settings(of: nil).rate == 1000)
    }

    @Test func `changes are made all or none`() throws {
        var table = TraceSettingsTable()
        #expect(throws: InferenceError.self) {
            try table.update([change("trace_rate", "5"), change("trace_count", "-2")], of: nil)
        }
        #expect(table.settings(of: nil) == TraceSettings())
    }

    @Test(arguments: [
        ("trace_level", ["LOUD"]), ("trace_level", ["OFF", "TENSORS"]), ("trace_level", ["off"]), ("trace_rate", ["x"]),
        ("trace_rate", ["-1"]), ("trace_rate", ["1.5"]), ("trace_rate", []), ("trace_rate", ["1", "2"]),
        ("trace_rate", ["99999999999"]), ("trace_count", ["-2"]), ("trace_count", [""]), ("log_frequency", ["-1"]),
        ("nothing", ["1"]), ("", ["1"]),
    ]) func `what can't be is a bad request`(_ name: String, _ values: [String]) {
        let error = refusal(TraceSettingChange(name: name, values: values))
        #expect(error?.code == .invalidArgument)
        #expect(error?.field == name)
    }

    @Test(arguments: ["trace_file", "trace_mode"]) func `what can't be changed is unsupported`(_ name: String) {
        #expect(refusal(change(name, "x"))?.code == .unsupported)
    }

    @Test func `no level at all is off`() throws {
        var table = TraceSettingsTable()
        try table.update([TraceSettingChange(name: "trace_level", values: [])], of: nil)
        #expect(table.settings(of: nil).level == ["OFF"])
    }
}
