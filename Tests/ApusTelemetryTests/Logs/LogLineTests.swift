import Logging
import Testing

@testable import ApusTelemetry

struct LogLineTests {
    /// 2026-11-20T23:30:08.123Z.
    static let moment: Int64 = 1_795_217_408_123

    /// What a caller might send to forge a line, a key or a colour.
    static let attacks = [
        "x\n2026-11-20T23:30:08.123Z ERROR Admin logged in user=root", "x\r\nfoo", "x\" level=\"error", "a b=c", "=",
        "\u{2028}x", "\u{1B}[2J", "\u{85}", "\"},{\"message\":\"forged\"", "\\", "", " ", "\u{0}", "\u{202E}gnp.exe",
    ]

    /// The line of an event, as text.
    private func line(
        _ format: LogFormat,
        _ message: Logger.Message,
        metadata: Logger.Metadata = [:],
        error: (any Error)? = nil
    ) throws -> String {
        let destination = try LogDestination.file("/dev/null")
        let handler = ApusLogHandler(destination: destination, format: format)
        let event = LogEvent(
            level: .info,
            message: message,
            error: error,
            metadata: metadata,
            source: nil,
            file: #fileID,
            function: #function,
            line: #line
        )
        return String(decoding: handler.line(for: event, at: LogLineTests.moment), as: UTF8.self)
    }

    @Test func `the readable format is time, level, sentence, facts`() throws {
        let metadata: Logger.Metadata = ["model": "iris", "note": "two words", "count": "\(3)"]
        let line = try line(.readable, "Model is live", metadata: metadata)
        #expect(line == "2026-11-20T23:30:08.123Z INFO  Model is live count=3 model=iris note=\"two words\"\n")
    }

    @Test func `the JSON format is one object`() throws {
        let line = try line(.json, "Model is live", metadata: ["model": "iris", "note": "two words"])
        #expect(
            line == #"{"time":"2026-11-20T23:30:08.123Z","level":"info","message":"Model is live","#
                + #""model":"iris","note":"two words"}"# + "\n"
        )
    }

    @Test func `nested metadata is JSON in both formats`() throws {
        let metadata: Logger.Metadata = ["a": ["b": ["x", "y\n"], "a": "1"]]
        #expect(try line(.json, "S", metadata: metadata).hasSuffix(#","a":{"a":"1","b":["x","y\n"]}}"# + "\n"))
        let readable = try line(.readable, "S", metadata: metadata)
        #expect(readable.hasSuffix(#" a="{\"a\":\"1\",\"b\":[\"x\",\"y\\n\"]}""# + "\n"))
    }

    @Test(arguments: LogFormat.allCases, attacks)
    func `nothing in a line can forge another`(format: LogFormat, attack: String) throws {
        let places: [Logger.Metadata] = [
            ["k": .string(attack)], [attack: "v"], ["k": [.string(attack)]], ["k": [attack: "v"]],
        ]
        for metadata in places {
            let line = try line(format, "\(attack)", metadata: metadata)
            #expect(line.utf8.last == UInt8(ascii: "\n"))
            #expect(line.unicodeScalars.dropLast().allSatisfy { !UTF8Sequence.isMisleading($0.value) })
            let skeleton = skeleton(of: line)
            #expect(!skeleton.contains("error"))
            #expect(!skeleton.contains("b="))
            #expect(skeleton.hasSuffix(format == .json ? "}\n" : "\n"))
        }
    }

    @Test(arguments: attacks)
    func `an attack stays in the string that it came in`(attack: String) throws {
        let line = try line(.json, "\(attack)", metadata: ["k": .string(attack)])
        #expect(skeleton(of: line) == #"{"":"","":"","":"","":""}"# + "\n")
    }

    @Test func `metadata can't take the place of the line's own keys`() throws {
        let line = try line(.json, "S", metadata: ["level": "x", "message": "y", "time": "z", "error": "e"])
        #expect(line.hasSuffix(#","error_":"e","level_":"x","message_":"y","time_":"z"}"# + "\n"))
    }

    @Test func `an error is described under its key`() throws {
        let line = try line(.readable, "S", error: LogFileError(path: "/x", systemError: 2))
        #expect(line.contains(#" error="Log file \"/x\" could not be opened"#))
    }
}
