/// The one encoder that stands between foreign text and a log line.
///
/// What it writes is a JSON string and, in the readable format, the quoted form of a value. No line break, control
/// character, quote, invisible or direction-changing character and no broken UTF-8 comes through unescaped, so that
/// a value can neither end its line nor pretend to be another key.
extension TextBytes {
    /// Where long values are cut: a client chooses its request id, not the size of our log.
    static let maxValueLength = 1024

    /// Adds a quoted, escaped string; what lies beyond `limit` bytes becomes `…`.
    mutating func append(quoting text: String, limit: Int = maxValueLength) {
        guard !TextBytes.isPlain(text, allowingSpaces: true, limit: limit) else {
            append(character: "\"")
            append(text)
            append(character: "\"")
            return
        }
        append(quotingBytes: text.utf8.span, limit: limit)
    }

    /// Adds bytes that ought to be UTF-8 as a quoted, escaped string; broken sequences become `\ufffd`.
    mutating func append(quotingBytes text: Span<UInt8>, limit: Int = maxValueLength) {
        append(character: "\"")
        var index = 0
        while index < text.count {
            let (scalar, length) = UTF8Sequence.scalar(in: text, at: index)
            guard index + length <= limit else {
                append(character: "…")
                break
            }
            append(escaping: scalar)
            index += length
        }
        append(character: "\"")
    }

    /// Adds a value of the readable format: bare when nothing in it could mislead, else quoted.
    mutating func append(readable text: String, allowingSpaces: Bool = false, limit: Int = maxValueLength) {
        if TextBytes.isPlain(text, allowingSpaces: allowingSpaces, limit: limit) {
            append(text)
        } else {
            append(quoting: text, limit: limit)
        }
    }

    /// Whether text is visible ASCII without quote, backslash and equals sign, not empty and not too long.
    static func isPlain(_ text: String, allowingSpaces: Bool, limit: Int) -> Bool {
        let bytes = text.utf8.span
        guard bytes.count <= limit else { return false }
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "="): return false
            case 0x21...0x7E: continue
            case 0x20 where allowingSpaces: continue
            default: return false
            }
        }
        return !bytes.isEmpty
    }

    private mutating func append(escaping scalar: UInt32) {
        switch scalar {
        case 0x22, 0x5C:
            append(character: "\\")
            append(UInt8(truncatingIfNeeded: scalar))
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        case 0x20..<0x7F: append(UInt8(truncatingIfNeeded: scalar))
        case _ where UTF8Sequence.isMisleading(scalar): append(codePoint: scalar)
        default: append(utf8Of: scalar)
        }
    }

    private mutating func append(codePoint scalar: UInt32) {
        append("\\u")
        for shift in stride(from: 12, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: scalar >> UInt32(shift) & 0xF)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    /// Adds a scalar beyond ASCII as UTF-8.
    mutating func append(utf8Of scalar: UInt32) {
        let trailer = { (shift: UInt32) in UInt8(truncatingIfNeeded: 0x80 | scalar >> shift & 0x3F) }
        switch scalar {
        case ..<0x800:
            append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
        case ..<0x10000:
            append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            append(trailer(6))
        default:
            append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            append(trailer(12))
            append(trailer(6))
        }
        append(trailer(0))
    }
}
