import ApusCore
import Testing

@testable import ApusServer

struct ConfigurationFileTests {
    private func file(_ text: String) throws -> ConfigurationFile {
        try ConfigurationFile(path: "f.yaml", text: text)
    }

    @Test func `values are text as written`() throws {
        let file = try file("# comment\nhttp_port: 0x10\nmodels: '/a b'\nserver_id: \"é\\n\"\nlog_file:\n")
        #expect(file.values == ["http_port": "0x10", "models": "/a b", "server_id": "é\n", "log_file": ""])
        #expect(file.faults.isEmpty)
    }

    @Test(arguments: ["", "\n", "# only a comment\n", "---\n", "~\n", "null\n"])
    func `nothing is nothing`(_ text: String) throws {
        let file = try file(text)
        #expect(file.values.isEmpty)
        #expect(file.faults.isEmpty)
    }

    @Test(arguments: ["just text\n", "- models\n- host\n", "42\n"])
    func `what has no keys is a fault`(_ text: String) throws {
        #expect(try file(text).faults.map(\.description) == ["f.yaml: -: expected 'key: value' lines"])
    }

    @Test func `values that are no scalars are faults with their lines`() throws {
        let file = try file("models: [a, b]\nhost:\n  name: x\nhttp_port: 1\n")
        #expect(
            file.faults.map(\.description)
                == ["f.yaml:1: models: expected one value", "f.yaml:2: host: expected one value"]
        )
        #expect(file.values == ["http_port": "1"])
    }

    @Test func `keys that are no scalars are faults`() throws {
        #expect(try file("[models]: x\n").faults.map(\.key) == ["?"])
        #expect(try file("? {a: b}\n: x\n").faults.count == 1)
    }

    @Test(arguments: [
        "models: /a\nmodels: /b\n", "models: \"unfinished\n", "\tmodels: x\n", "a: b: c\n", "models: *nowhere\n",
        "{models: x", "models: x\n  host: y\n", "%YAML 9.9\n---\nmodels: x\n", "models: !!binary [\n",
        "models: \u{1}\n",
        "models: |9999999999\n", "&a [*a]\n...\n{",
    ]) func `what is no YAML is refused with the file's name`(_ text: String) {
        let error = #expect(throws: RuntimeFailure.self) { try file(text) }
        #expect(error?.code == .configuration)
        #expect(error?.message.hasPrefix("f.yaml is not YAML: ") == true)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "])
    func `deep nesting is refused and doesn't end the process`(_ opening: String) throws {
        let text = String(repeating: opening, count: 100_000)
        if let file = try? file(text) { #expect(!file.faults.isEmpty || file.values.isEmpty) }
    }

    @Test func `aliases that multiply stay small`() throws {
        var text = "a0: &a0 x\n"
        for level in 1...30 {
            text += "a\(level): &a\(level) [\(repeatElement("*a\(level - 1)", count: 10).joined(separator: ","))]\n"
        }
        #expect(try file(text).faults.count == 31)
    }

    @Test func `very long keys and values pass or are faults`() throws {
        let long = String(repeating: "x", count: 1000)
        #expect(try file("? \(long)\n: 1\n").faults.count == 1)
        let value = String(repeating: "y", count: 900_000)
        #expect(try file("models: \(value)\n").values["models"] == value)
    }

    @Test func `bytes that are no text don't end the process`() throws {
        let folder = TemporaryFolder()
        for bytes: [UInt8] in [[0xff, 0xfe], [0], [0xef, 0xbb, 0xbf, 0x23, 0x0a], Array(0...255)] {
            folder.write("f.yaml", String(decoding: bytes, as: UTF8.self))
            _ = try? ConfigurationFile(path: folder.place("f.yaml"))
        }
    }

    @Test func `a file that isn't there is named`() {
        let error = #expect(throws: RuntimeFailure.self) { try ConfigurationFile(path: "/nonexistent/f.yaml") }
        #expect(error?.message == "can't read the configuration file /nonexistent/f.yaml: No such file or directory")
        #expect(throws: RuntimeFailure.self) { try ConfigurationFile(path: "/tmp") }
    }

    @Test func `a file that is too large is refused, not cut off`() {
        let folder = TemporaryFolder()
        folder.write("f.yaml", String(repeating: "# comment\n", count: 110_000) + "http_port: 1\n")
        let error = #expect(throws: RuntimeFailure.self) { try ConfigurationFile(path: folder.place("f.yaml")) }
        #expect(error?.message.contains("1048576 bytes") == true)
        folder.write("g.yaml", String(repeating: "# comment\n", count: 100_000) + "http_port: 1\n")
        #expect((try? ConfigurationFile(path: folder.place("g.yaml")))?.values == ["http_port": "1"])
    }
}
