extension TextFormatLexer {
    /// Reads one quoted string and resolves its escapes; the cursor stands on the opening quote.
    mutating func string() throws(ModelConfigurationError) -> [UInt8] {
        let start = position
        let quote = current
        advance()
        var result: [UInt8] = []
        while let byte = current, byte != ASCII.lineFeed, byte != 0 {
            if byte == quote {
                advance()
                return result
            }
            if byte == ASCII.backslash {
                try appendEscape(to: &result)
            } else {
                result.append(byte)
                advance()
            }
        }
        let reason =
            switch current {
            case nil: "the text ends before its closing quote; add the quote"
            case 0: "it holds a NUL byte at \(position.line):\(position.column); write it as \\000"
            default: "the line ends before its closing quote; add the quote, or write a line break as \\n"
            }
        throw ModelConfigurationError(.syntax, at: start, "the string is not closed: \(reason)")
    }

    /// Resolves one escape; the cursor stands on the backslash.
    private mutating func appendEscape(to result: inout [UInt8]) throws(ModelConfigurationError) {
        let start = position
        advance()
        guard let letter = current else {
            throw ModelConfigurationError(.syntax, at: start, "the text ends inside a string; add the closing quote")
        }
        if let byte = Self.simpleEscapes[letter] {
            advance()
            result.append(byte)
            return
        }
        switch letter {
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            result.append(try octalEscape(at: start))
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            advance()
            result.append(try hexadecimalEscape(at: start))
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let scalar = try unicodeEscape(at: start)
            result.append(contentsOf: Character(scalar).utf8)
        default:
            throw ModelConfigurationError(
                .syntax,
                at: start,
                "unknown escape in a string; allowed are \\n \\t \\r \\a \\b \\f \\v \\? \\\\ \\' \\\" \\012 \\x0A "
                    + "\\u000A \\U0000000A, and a backslash itself is written \\\\"
            )
        }
    }

    /// The escapes of one letter, as C has them.
    private static let simpleEscapes: [UInt8: UInt8] = [
        UInt8(ascii: "a"): 0x07, UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
        UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09, UInt8(ascii: "v"): 0x0B, UInt8(ascii: "?"): UInt8(ascii: "?"),
        ASCII.backslash: ASCII.backslash, ASCII.singleQuote: ASCII.singleQuote, ASCII.doubleQuote: ASCII.doubleQuote,
    ]

    /// Reads one to three octal digits as a byte.
    private mutating func octalEscape(at start: TextPosition) throws(ModelConfigurationError) -> UInt8 {
        let value = digits(atMost: 3, radix: 8).value
        guard let byte = UInt8(exactly: value) else {
            throw ModelConfigurationError(
                .syntax,
                at: start,
                "an octal escape means one byte, so the highest is \\377; found \\\(String(value, radix: 8))"
            )
        }
        return byte
    }

    /// Reads one or two hexadecimal digits as a byte.
    private mutating func hexadecimalEscape(at start: TextPosition) throws(ModelConfigurationError) -> UInt8 {
        let (value, count) = digits(atMost: 2, radix: 16)
        guard count > 0, let byte = UInt8(exactly: value) else {
            throw ModelConfigurationError(.syntax, at: start, "\\x needs one or two hexadecimal digits, as in \\x0A")
        }
        return byte
    }

    /// Reads `uXXXX`, `UXXXXXXXX` or a pair of surrogates as one character; the cursor stands on the letter.
    private mutating func unicodeEscape(at start: TextPosition) throws(ModelConfigurationError) -> Unicode.Scalar {
        var value = try codeUnit(at: start)
        if (0xD800...0xDBFF).contains(value), current == ASCII.backslash, peek(1) == UInt8(ascii: "u") {
            advance()
            let low = try codeUnit(at: start)
            // Anything but a low surrogate leaves the high one alone, which the check below refuses.
            if (0xDC00...0xDFFF).contains(low) {
                value = 0x10000 + (value - 0xD800) * 0x400 + (low - 0xDC00)
            }
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw ModelConfigurationError(
                .syntax,
                at: start,
                "U+\(String(value, radix: 16, uppercase: true)) is not a character of Unicode; "
                    + "use U+0000…U+D7FF or U+E000…U+10FFFF, or a pair of surrogates"
            )
        }
        return scalar
    }

    /// Reads `uXXXX` or `UXXXXXXXX`; the cursor stands on the letter.
    private mutating func codeUnit(at start: TextPosition) throws(ModelConfigurationError) -> UInt32 {
        let wanted = current == UInt8(ascii: "u") ? 4 : 8
        advance()
        let (value, count) = digits(atMost: wanted, radix: 16)
        guard count == wanted else {
            throw ModelConfigurationError(
                .syntax,
                at: start,
                "\\\(wanted == 4 ? "u" : "U") needs \(wanted) hexadecimal digits, found \(count)"
            )
        }
        return value
    }

    /// Reads up to eight digits of a base; eight hexadecimal digits fill 32 bits exactly, so this cannot overflow.
    private mutating func digits(atMost limit: Int, radix: UInt8) -> (value: UInt32, count: Int) {
        var value: UInt32 = 0
        var count = 0
        while count < limit, let digit = current?.textFormatDigitValue, digit < radix {
            value = value &* UInt32(radix) &+ UInt32(digit)
            count += 1
            advance()
        }
        return (value, count)
    }
}
