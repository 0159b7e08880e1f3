/// A JSON value as RFC 8259 has it, and the three words that tensor data may hold besides.
enum StrictJSON {
    case object([(key: [UInt8], value: StrictJSON)])
    case array([StrictJSON])
    case string([UInt8])
    case number(String)
    /// NaN, Infinity or -Infinity: no JSON, to be judged by the place where it stands.
    case word(String)
    case bool(Bool)
    case null

    /// Reads one document strictly; `nil` for everything that isn't exactly one, nested no deeper than `maxDepth`.
    static func parse(_ bytes: [UInt8], maxDepth: Int = 100) -> StrictJSON? {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var parser = StrictJSONParser(bytes: bytes, maxDepth: maxDepth)
        return try? parser.document()
    }
}

/// Reads RFC 8259 byte by byte: slow, simple, and written without a look at the decoder that it judges.
private struct StrictJSONParser {
    struct NotJSON: Error {}

    let bytes: [UInt8]
    let maxDepth: Int
    var at = 0

    init(bytes: [UInt8], maxDepth: Int) {
        self.bytes = bytes
        self.maxDepth = maxDepth
    }

    mutating func document() throws -> StrictJSON {
        let value = try value(depth: 0)
        skipSpace()
        guard at == bytes.count else { throw NotJSON() }
        return value
    }

    private mutating func value(depth: Int) throws -> StrictJSON {
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): return .object(try members(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try elements(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        default: break
        }
        let token = token()
        switch token {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        case "NaN", "Infinity", "-Infinity": return .word(token)
        default:
            guard StrictJSONParser.isNumber(token) else { throw NotJSON() }
            return .number(token)
        }
    }

    private mutating func members(depth: Int) throws -> [(key: [UInt8], value: StrictJSON)] {
        guard depth <= maxDepth else { throw NotJSON() }
        at += 1
        var members: [(key: [UInt8], value: StrictJSON)] = []
        if takes(UInt8(ascii: "}")) { return members }
        repeat {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw NotJSON() }
            let key = try string()
            guard takes(UInt8(ascii: ":")) else { throw NotJSON() }
            members.append((key, try value(depth: depth)))
        } while takes(UInt8(ascii: ","))
        guard takes(UInt8(ascii: "}")) else { throw NotJSON() }
        return members
    }

    private mutating func elements(depth: Int) throws -> [StrictJSON] {
        guard depth <= maxDepth else { throw NotJSON() }
        at += 1
        var elements: [StrictJSON] = []
        if takes(UInt8(ascii: "]")) { return elements }
        repeat {
            elements.append(try value(depth: depth))
        } while takes(UInt8(ascii: ","))
        guard takes(UInt8(ascii: "]")) else { throw NotJSON() }
        return elements
    }

    private mutating func string() throws -> [UInt8] {
        at += 1
        var text: [UInt8] = []
        while let byte = next() {
            switch byte {
            case UInt8(ascii: "\""): return text
            case UInt8(ascii: "\\"): text += try escape()
            case 0..<0x20: throw NotJSON()
            default: text.append(byte)
            }
        }
        throw NotJSON()
    }

    private mutating func escape() throws -> [UInt8] {
        switch next() {
        case UInt8(ascii: "\""): return [0x22]
        case UInt8(ascii: "\\"): return [0x5c]
        case UInt8(ascii: "/"): return [0x2f]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(Character(try scalar())).utf8)
        default: throw NotJSON()
        }
    }

    /// The scalar behind `\u`; a surrogate must have its other half.
    private mutating func scalar() throws -> Unicode.Scalar {
        let first = try fourHexDigits()
        guard (0xd800..<0xdc00).contains(first) else {
            guard let scalar = Unicode.Scalar(first) else { throw NotJSON() }
            return scalar
        }
        guard next() == UInt8(ascii: "\\"), next() == UInt8(ascii: "u") else { throw NotJSON() }
        let second = try fourHexDigits()
        guard (0xdc00..<0xe000).contains(second) else { throw NotJSON() }
        guard let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)) else { throw NotJSON() }
        return scalar
    }

    private mutating func fourHexDigits() throws -> UInt32 {
        var number: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw NotJSON() }
            number = number << 4 + UInt32(digit)
        }
        return number
    }

    /// The bytes up to the next one that can't be in a number or a word.
    private mutating func token() -> String {
        let start = at
        while let byte = peek, !" \n\r\t,:[]{}\"".utf8.contains(byte) { at += 1 }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func skipSpace() {
        while let byte = peek, " \n\r\t".utf8.contains(byte) { at += 1 }
    }

    private mutating func takes(_ byte: UInt8) -> Bool {
        skipSpace()
        guard peek == byte else { return false }
        at += 1
        return true
    }

    private mutating func next() -> UInt8? {
        guard let byte = peek else { return nil }
        at += 1
        return byte
    }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private static func isNumber(_ token: String) -> Bool {
        var rest = Substring(token).utf8
        func takeDigits() -> Int {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest.removeFirst(digits.count)
            return digits.count
        }
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let startsWithZero = rest.first == UInt8(ascii: "0")
        let count = takeDigits()
        guard count == 1 || (count > 1 && !startsWithZero) else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard takeDigits() > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
            guard takeDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
