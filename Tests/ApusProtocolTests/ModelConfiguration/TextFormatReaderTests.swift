import Testing

@testable import ApusProtocol

/// The grammar of text format, without any schema.
struct TextFormatReaderTests {
    /// A text and the error that it must give.
    struct Fault: Sendable {
        let text: String
        let error: String
    }

    @Test func `a scalar needs a colon and keeps its position`() throws {
        let fields = try TextFormatReader.fields(of: "  a: 1\n\tlong_name : x2")
        #expect(fields.map(\.name) == ["a", "long_name"])
        #expect(fields[0].position == TextPosition(line: 1, column: 3))
        #expect(fields[1].position == TextPosition(line: 2, column: 2))
        #expect(fields[1].values[0].position == TextPosition(line: 2, column: 14))
        #expect(fields[1].values[0].content == .word("x2", isNegative: false))
    }

    @Test func `columns count characters and not bytes`() throws {
        let fields = try TextFormatReader.fields(of: #"a: "äöü€😀" b: 1"#)
        #expect(fields[1].position == TextPosition(line: 1, column: 12))
    }

    @Test func `a byte order mark and every kind of space are skipped`() throws {
        let fields = try TextFormatReader.fields(of: [0xEF, 0xBB, 0xBF] + Array("\r\n\u{0B}\u{0C}\ta:1".utf8))
        #expect(fields.map(\.name) == ["a"])
        #expect(fields[0].position == TextPosition(line: 2, column: 4))
    }

    @Test(arguments: ["", " \n", "# nothing", "#", "# a\n# b\n"])
    func `an empty text has no fields`(text: String) throws {
        #expect(try TextFormatReader.fields(of: text).isEmpty)
    }

    @Test func `a comment ends with its line and does not begin in a string`() throws {
        let fields = try TextFormatReader.fields(of: "a: '#' # b: 2 {\nc: 3#")
        #expect(fields.map(\.name) == ["a", "c"])
        #expect(fields[0].values[0].content == .string([0x23]))
    }

    @Test(arguments: ["a { b: 1 }", "a: { b: 1 }", "a < b: 1 >", "a: <b:1>", "a{b:1;}", "a:{b:1,},", "a { b: 1 };"])
    func `messages stand in braces or angles with or without a colon`(text: String) throws {
        let fields = try TextFormatReader.fields(of: text)
        #expect(fields.count == 1)
        guard case .message(let inner) = fields[0].values[0].content else {
            Issue.record("not a message")
            return
        }
        #expect(inner.map(\.name) == ["b"])
    }

    @Test func `lists hold scalars or messages and may be empty`() throws {
        let fields = try TextFormatReader.fields(of: "a: [1, -2, x] b [{c: 1}, <>] d: [] e []")
        #expect(fields.map(\.values.count) == [3, 2, 0, 0])
        #expect(fields.map(\.isList) == [true, true, true, true])
        #expect(fields[0].values[1].position == TextPosition(line: 1, column: 8))
    }

    @Test func `fields may be separated by nothing or by one comma or semicolon`() throws {
        #expect(try TextFormatReader.fields(of: "a:1 b:2,c:3;d:4").count == 4)
        #expect(throws: ModelConfigurationError.self) { try TextFormatReader.fields(of: "a:1,,b:2") }
    }

    @Test func `adjacent strings are one across lines and comments`() throws {
        let fields = try TextFormatReader.fields(of: "a: \"x\" 'y'\n # z\n \"\" \"z\"")
        #expect(fields[0].values[0].content == .string(Array("xyz".utf8)))
    }

    @Test(
        arguments: [
            (#"\a\b\f\n\r\t\v\?\\\'\""#, [7, 8, 12, 10, 13, 9, 11, 63, 92, 39, 34]),
            (#"\0\7\12\101\3777"#, [0, 7, 10, 65, 255, 55]),
            (#"\x4\x41\X4a1"#, [4, 65, 74, 49]),
            (#"\u00e4\U0001F600\ud83d\ude00"#, [0xC3, 0xA4, 0xF0, 0x9F, 0x98, 0x80, 0xF0, 0x9F, 0x98, 0x80]),
            ("it's", [105, 116, 39, 115]),
        ] as [(String, [UInt8])]
    )
    func `strings have the escapes of C`(escaped: String, bytes: [UInt8]) throws {
        let fields = try TextFormatReader.fields(of: "a: \"\(escaped)\"")
        #expect(fields[0].values[0].content == .string(bytes))
    }

    @Test(
        arguments: [
            ("0", .decimal, "0"), ("10", .decimal, "10"), ("017", .octal, "17"), ("0x1F", .hexadecimal, "1F"),
            ("0Xab", .hexadecimal, "ab"), ("1.5", .fractional, "1.5"), (".5", .fractional, "0.5"),
            ("5.", .fractional, "5.0"), ("00.5", .fractional, "00.5"), ("1e3", .fractional, "1.0e3"),
            ("1E+3", .fractional, "1.0e3"),
            ("2.5e-3", .fractional, "2.5e-3"), ("1f", .fractional, "1.0"), ("1.5F", .fractional, "1.5"),
        ] as [(String, TextFormatNumber.Notation, String)]
    )
    func `numbers have the notations of C`(text: String, notation: TextFormatNumber.Notation, digits: String) throws {
        for sign in ["", "-", "- "] {
            let fields = try TextFormatReader.fields(of: "a: \(sign)\(text)")
            let number = TextFormatNumber(digits: digits, notation: notation, isNegative: !sign.isEmpty)
            #expect(fields[0].values[0].content == .number(number))
        }
    }

    @Test(
        arguments: [
            Fault(
                text: "a 1",
                error: "1:3: expected ':' between 'a' and its value, found the number '1'; "
                    + "only messages in braces may leave the colon out"
            ),
            Fault(
                text: "a [1]",
                error: "1:4: expected ':' between 'a' and its value, found the number '1'; "
                    + "only messages in braces may leave the colon out"
            ),
            Fault(
                text: "a:",
                error: "1:3: expected a value for 'a', found the end of the text; "
                    + "write a number, a word, a string in quotes or a message in braces"
            ),
            Fault(
                text: "a: }",
                error: "1:4: expected a value for 'a', found '}'; "
                    + "write a number, a word, a string in quotes or a message in braces"
            ),
            Fault(
                text: "a: -'x'",
                error: "1:5: expected a number after '-', found a string; "
                    + "only numbers can be negative"
            ),
            Fault(
                text: "a: [[1]]",
                error: "1:5: expected a value for 'a', found '['; "
                    + "write a number, a word, a string in quotes or a message in braces"
            ),
            Fault(
                text: "a: [1 2]",
                error: "1:7: expected ',' or ']' in the list of 'a', found the number '2'; "
                    + "separate the values with commas"
            ),
            Fault(
                text: "a: [1,]",
                error: "1:7: expected a value for 'a', found ']'; "
                    + "write a number, a word, a string in quotes or a message in braces"
            ),
            Fault(
                text: "a {\n b: 1\n",
                error: "3:1: expected a field name or '}' for the message opened at 1:3, "
                    + "found the end of the text; a message is not closed"
            ),
            Fault(
                text: "a { b: 1 >",
                error: "1:10: expected a field name or '}' for the message opened at 1:3, "
                    + "found '>'; close a message as it was opened"
            ),
            Fault(text: "}", error: "1:1: expected a field name, found '}'; there is one closing bracket too many"),
            Fault(
                text: "[ext.name]: 1",
                error: "1:1: expected a field name, found '['; "
                    + "extensions and Any do not occur in model configurations"
            ),
            Fault(
                text: "'a': 1",
                error: "1:1: expected a field name, found a string; "
                    + "field names are written without quotes"
            ),
            Fault(
                text: "5: 1",
                error: "1:1: expected a field name, found the number '5'; "
                    + "fields are written by name, not by number"
            ),
            Fault(text: ": 1", error: "1:1: expected a field name, found ':'; write name: value"),
            Fault(
                text: "a: @",
                error: "1:4: expected a field name, a value or punctuation, found '@'; "
                    + "remove it, or put it in quotes if it belongs to a string"
            ),
            Fault(
                text: "a:\u{1}",
                error: "1:3: expected a field name, a value or punctuation, found the byte 0x1; "
                    + "remove it, or put it in quotes if it belongs to a string"
            ),
        ]
    )
    func `a fault in the grammar says where and what to do`(fault: Fault) {
        let error = #expect(throws: ModelConfigurationError.self) { try TextFormatReader.fields(of: fault.text) }
        #expect(error?.description == fault.error)
        #expect(error?.code == .syntax)
    }

    @Test(
        arguments: [
            Fault(text: "a: 'x", error: "1:4: the string is not closed: the text ends before its closing quote"),
            Fault(text: "a: \"x\n\"", error: "1:4: the string is not closed: the line ends before its closing quote"),
            Fault(text: "a: '\0'", error: "1:4: the string is not closed: it holds a NUL byte at 1:5"),
            Fault(text: "a: '\\", error: "1:5: the text ends inside a string"),
            Fault(text: "a: 'x\\q'", error: "1:6: unknown escape in a string; allowed are \\n"),
            Fault(
                text: "a: '\\400'",
                error: "1:5: an octal escape means one byte, so the highest is \\377; found \\400"
            ),
            Fault(text: "a: '\\xg'", error: "1:5: \\x needs one or two hexadecimal digits"),
            Fault(text: "a: '\\u12'", error: "1:5: \\u needs 4 hexadecimal digits, found 2"),
            Fault(text: "a: '\\U0001F60'", error: "1:5: \\U needs 8 hexadecimal digits, found 7"),
            Fault(text: "a: '\\U00110000'", error: "1:5: U+110000 is not a character of Unicode"),
            Fault(text: "a: '\\UFFFFFFFF'", error: "1:5: U+FFFFFFFF is not a character of Unicode"),
            Fault(text: "a: '\\ud83d'", error: "1:5: U+D83D is not a character of Unicode"),
            Fault(text: "a: '\\ud83d\\u0041'", error: "1:5: U+D83D is not a character of Unicode"),
            Fault(text: "a: '\\ude00'", error: "1:5: U+DE00 is not a character of Unicode"),
        ]
    )
    func `a fault in a string says where and what to do`(fault: Fault) {
        let error = #expect(throws: ModelConfigurationError.self) { try TextFormatReader.fields(of: fault.text) }
        #expect(error?.description.hasPrefix(fault.error) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: ["08", "1.2.3", "12abc", "0x", "0xg", "1e", "1e+", "1ef", "09", "1.5ff", "0x1.5", "1_000"])
    func `what only looks like a number is an error`(text: String) {
        let error = #expect(throws: ModelConfigurationError.self) { try TextFormatReader.fields(of: "a: \(text)") }
        #expect(error?.description.hasPrefix("1:4: '\(text)' is not a number; write digits (10)") == true)
    }
}
