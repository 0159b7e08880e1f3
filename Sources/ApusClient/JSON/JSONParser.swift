/// Reads a JSON text into a `JSONValue`, refusing what RFC 8259 refuses, except for `NaN` and the infinities.
package struct JSONParser {
    /// The deepest nesting accepted, as on the server.
    package static let maxDepth = 100

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads a whole text.
    package static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
        var parser = JSONParser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipWhitespace()
        guard parser.position == bytes.count else { throw parser.fault("nothing may follow the value") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        skipWhitespace()
        switch peek() {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t") where skip(word: "true"): return .bool(true)
        case UInt8(ascii: "f") where skip(word: "false"): return .bool(false)
        case UInt8(ascii: "n") where skip(word: "null"): return .null
        case UInt8(ascii: "N") where skip(word: "NaN"): return .number("NaN")
        case UInt8(ascii: "I") where skip(word: "Infinity"): return .number("Infinity")
        case UInt8(ascii: "-") where skip(word: "-Infinity"): return .number("-Infinity")
        case let byte? where NumberText.isNumberByte(byte): return try number()
        case nil: throw fault("a value is expected, the text ends here")
        default: throw fault("a value is expected: an object, array, string, number, true, false or null")
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try checkDepth(depth)
        position += 1
        skipWhitespace()
        var members: [JSONMember] = []
        if skip(UInt8(ascii: "}")) { return .object([]) }
        while true {
            skipWhitespace()
            guard peek() == UInt8(ascii: "\"") else { throw fault("a member's name in double quotes is expected") }
            let name = try string()
            skipWhitespace()
            guard skip(UInt8(ascii: ":")) else { throw fault("a colon is expected after the member's name") }
            members.append(JSONMember(name, try value(depth: depth)))
            skipWhitespace()
            if skip(UInt8(ascii: "}")) { return .object(members) }
            guard skip(UInt8(ascii: ",")) else { throw fault("a comma or the object's closing brace is expected") }
        }
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try checkDepth(depth)
        position += 1
        skipWhitespace()
        var elements: [JSONValue] = []
        if skip(UInt8(ascii: "]")) { return .array([]) }
        while true {
            elements.append(try value(depth: depth))
            skipWhitespace()
            if skip(UInt8(ascii: "]")) { return .array(elements) }
            guard skip(UInt8(ascii: ",")) else { throw fault("a comma or the array's closing bracket is expected") }
        }
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = position
        while let byte = peek(), NumberText.isNumberByte(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard NumberText.isJSON(text) else {
            position = start
            throw fault("'\(text.prefix(40))' is not a number as JSON writes them")
        }
        return .number(text)
    }

    private func checkDepth(_ depth: Int) throws(JSONSyntaxError) {
        guard depth <= JSONParser.maxDepth else { throw fault("nested deeper than \(JSONParser.maxDepth) levels") }
    }
}

extension JSONParser {
    private mutating func string() throws(JSONSyntaxError) -> String {
        let opening = position
        position += 1
        var content: [UInt8] = []
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw JSONSyntaxError("the string is not valid UTF-8", at: opening, in: bytes)
                }
                return text
            case UInt8(ascii: "\\"):
                try escape(into: &content)
            case 0..<0x20:
                throw fault("control characters in a string must be escaped")
            default:
                content.append(byte)
                position += 1
            }
        }
        throw JSONSyntaxError("the string that starts here is not closed", at: opening, in: bytes)
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONSyntaxError) {
        let start = position
        position += 1
        let letter = peek()
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter ?? 0)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            guard let scalar = unicodeScalar() else {
                throw JSONSyntaxError("\\u needs four hexadecimal digits of a whole character", at: start, in: bytes)
            }
            content.append(contentsOf: Array(String(Character(scalar)).utf8))
        default:
            throw JSONSyntaxError("unknown escape in a string", at: start, in: bytes)
        }
    }

    /// Reads what follows `\u`, both halves of a surrogate pair included.
    private mutating func unicodeScalar() -> Unicode.Scalar? {
        guard let first = hexadecimal() else { return nil }
        guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
        guard skip(word: "\\u"), let second = hexadecimal(), (0xDC00..<0xE000).contains(second) else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private mutating func hexadecimal() -> UInt32? {
        var result: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            result = result << 4 | UInt32(digit)
            position += 1
        }
        return result
    }

    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func skip(word: String) -> Bool {
        let expected = word.utf8
        guard bytes.count - position >= expected.count,
            bytes[position..<(position + expected.count)].elementsEqual(expected)
        else { return false }
        position += expected.count
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func fault(_ message: String) -> JSONSyntaxError {
        JSONSyntaxError(message, at: position, in: bytes)
    }
}
