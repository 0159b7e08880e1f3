import Testing

@testable import ApusProtocol

/// Texts that nobody writes in good faith: each must end in a value or an error, soon.
struct HostileConfigurationTests {
    /// Reads, judges and prints a text as far as it goes; whatever comes of it is fine, as long as something does.
    private func exercise(_ text: [UInt8]) {
        do throws(ModelConfigurationError) {
            let configuration = try ModelConfiguration.parse(text: text)
            _ = configuration.validate(isComplete: true)
            _ = configuration.unsupportedFields(supported: ["input.name"])
            _ = configuration.jsonBytes()
        } catch {
            #expect(error.message.utf8.count < 2_000)
        }
    }

    @Test func `messages nested deeper than sixty-four are refused where the limit is passed`() throws {
        let allowed = String(repeating: "a{", count: 64) + String(repeating: "}", count: 64)
        #expect(try TextFormatReader.fields(of: allowed).count == 1)
        let refused = String(repeating: "a{", count: 65) + String(repeating: "}", count: 65)
        let error = #expect(throws: ModelConfigurationError.self) { try TextFormatReader.fields(of: refused) }
        #expect(error?.code == .limitExceeded)
        #expect(error?.column == 130)
    }

    @Test(arguments: ["{", "a{", "a:<", "a[{", "[", "a:[", "<", "}", "a:-", "-", "\"", "'x'", "\\", "#", ",", ":"])
    func `a million repetitions end in an error or in nothing`(unit: String) {
        exercise(Array(String(repeating: unit, count: 1_048_576 / unit.utf8.count).utf8))
    }

    @Test func `a million NUL bytes are an error`() {
        exercise([UInt8](repeating: 0, count: 1_048_576))
        #expect(throws: ModelConfigurationError.self) { try ModelConfiguration.parse(text: [0]) }
    }

    @Test func `a text above one mebibyte is refused before it is read`() {
        let error = #expect(throws: ModelConfigurationError.self) {
            try ModelConfiguration.parse(text: [UInt8](repeating: UInt8(ascii: " "), count: 1_048_577))
        }
        #expect(error?.code == .limitExceeded)
        #expect(error?.line == nil)
        #expect(error?.description == error?.message)
    }

    @Test(arguments: ["name:1 ", "input{} "])
    func `more than a hundred thousand fields are refused`(unit: String) {
        let text = String(repeating: unit, count: 100_001)
        let error = #expect(throws: ModelConfigurationError.self) { try TextFormatReader.fields(of: text) }
        #expect(error?.code == .limitExceeded)
    }

    @Test func `more than a hundred thousand list elements are refused`() {
        let text = "input{dims:[" + String(repeating: "1,", count: 100_000) + "1]}"
        let error = #expect(throws: ModelConfigurationError.self) { try ModelConfiguration.parse(text: text) }
        #expect(error?.code == .limitExceeded)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a file full of different map keys takes linear time`() throws {
        let text = (0..<30_000).map { "metric_tags{key:'\($0)'value:'v'}" }.joined()
        let configuration = try ModelConfiguration.parse(text: text)
        #expect(configuration.metricTags.count == 30_000)
    }

    @Test func `a file full of faults gives a bounded list`() throws {
        let text = "input{dims:[" + Array(repeating: "0", count: 99_000).joined(separator: ",") + "]}"
        #expect(try ModelConfiguration.parse(text: text).validate().count == 256)
    }

    @Test(
        arguments: [
            "9999999999999999999999", "-9999999999999999999999", "0xFFFFFFFFFFFFFFFFFF", "0777777777777777777777777",
            String(repeating: "9", count: 256),
        ]
    )
    func `numbers beyond sixty-four bits are out of range`(number: String) {
        let error = #expect(throws: ModelConfigurationError.self) {
            try ModelConfiguration.parse(text: "max_batch_size: \(number)")
        }
        #expect(error?.code == .outOfRange)
    }

    @Test(arguments: ["9", "0x9", "07", "1.", "1e", "1e9"])
    func `numbers of a million characters are refused unread`(start: String) {
        let text = "max_batch_size: " + start + String(repeating: "7", count: 1_000_000)
        let error = #expect(throws: ModelConfigurationError.self) { try ModelConfiguration.parse(text: text) }
        #expect(error?.code == .limitExceeded)
        #expect(error?.column == 17)
    }

    @Test func `names of a million characters are cut in the message`() {
        let text = String(repeating: "n", count: 1_000_000) + ": 1"
        let error = #expect(throws: ModelConfigurationError.self) { try ModelConfiguration.parse(text: text) }
        #expect(error?.code == .unknownField)
        #expect((error?.message.utf8.count ?? .max) < 1_000)
    }

    @Test func `messages show no control characters of the file`() {
        let error = #expect(throws: ModelConfigurationError.self) {
            try ModelConfiguration.parse(text: "max_batch_size: '\u{1B}[31m\\n\u{202E}\u{2028}'")
        }
        #expect(error?.message.contains(#"'\u{1b}[31m\u{a}\u{202e}\u{2028}'"#) == true, "\(error?.message ?? "")")
    }

    @Test func `text that is not UTF-8 is an error in a string and harmless in a comment`() throws {
        let error = #expect(throws: ModelConfigurationError.self) {
            try ModelConfiguration.parse(text: Array("name: 'ab".utf8) + [0xC3] + Array("'".utf8))
        }
        #expect(error?.description.hasPrefix("1:7: 'name' takes text in UTF-8, found other bytes") == true)
        let commented = try ModelConfiguration.parse(text: Array("# ".utf8) + [0xFF, 0x0A] + Array("name: 'a'".utf8))
        #expect(commented.name == "a")
        #expect(throws: ModelConfigurationError.self) { try ModelConfiguration.parse(text: [0xFF]) }
    }

    @Test func `escaped bytes that are not UTF-8 are an error too`() {
        let error = #expect(throws: ModelConfigurationError.self) {
            try ModelConfiguration.parse(text: #"name: "\xff""#)
        }
        #expect(error?.code == .invalidValue)
    }

    @Test func `every prefix of a configuration ends in a value or an error`() {
        for text in [SampleConfiguration.handWritten, SampleConfiguration.toolWritten, SampleConfiguration.ensemble] {
            let bytes = Array(text.utf8)
            for length in bytes.indices {
                exercise(Array(bytes[..<length]))
            }
        }
    }

    @Test func `every single-byte change of a configuration ends in a value or an error`() {
        let replacements = Array("\"'\\{}<>[]:,;#-.0x9e+ \nz\0".utf8) + [0x80, 0xC3, 0xFF]
        let bytes = Array(SampleConfiguration.compact.utf8)
        for index in bytes.indices {
            for replacement in replacements {
                var changed = bytes
                changed[index] = replacement
                exercise(changed)
            }
            var shorter = bytes
            shorter.remove(at: index)
            exercise(shorter)
        }
    }

    @Test func `random bytes end in a value or an error`() {
        var generator = SplitMix64(state: 42)
        let alphabet = Array("abinput{}<>[]:,;#-.01 \n\"'\\".utf8)
        for round in 0..<20_000 {
            let length = Int.random(in: 0..<64, using: &generator)
            exercise(
                (0..<length).map { _ in
                    round.isMultiple(of: 2)
                        ? UInt8.random(in: .min ... .max, using: &generator)
                        : alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                }
            )
        }
    }
}

/// A small random source that gives the same numbers on every machine.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
