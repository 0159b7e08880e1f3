/// Cuts a text into tokens; it knows characters, not fields.
struct TextFormatLexer {
    /// A short name for the punctuation.
    typealias ASCII = TextFormatCharacter

    /// The whole text.
    private let bytes: [UInt8]

    /// The longest number accepted.
    let maximumNumberLength: Int

    /// The next byte to look at.
    private var index = 0

    /// Where that byte stands.
    private(set) var position = TextPosition.start

    /// Starts at the beginning of a text, past a byte order mark.
    init(_ bytes: [UInt8], limits: TextFormatLimits) {
        self.bytes = bytes
        self.maximumNumberLength = limits.maximumNumberLength
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            index = 3
        }
    }

    /// The byte at the cursor, or nil at the end.
    var current: UInt8? {
        peek(0)
    }

    /// The byte that many places after the cursor, or nil behind the end.
    func peek(_ offset: Int) -> UInt8? {
        index + offset < bytes.count ? bytes[index + offset] : nil
    }

    /// Moves past one byte, keeping count of lines and characters.
    mutating func advance() {
        guard index < bytes.count else { return }
        let byte = bytes[index]
        index += 1
        if byte == ASCII.lineFeed {
            position.line += 1
            position.column = 1
        } else if byte & 0xC0 != 0x80 {
            // Bytes 0x80…0xBF continue a character of UTF-8, so they add no column.
            position.column += 1
        }
    }

    /// Moves past bytes while they satisfy a condition and gives them back.
    mutating func take(while condition: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = index
        while let byte = current, condition(byte) {
            advance()
        }
        return bytes[start..<index]
    }

    /// The next token.
    mutating func next() throws(ModelConfigurationError) -> TextFormatToken {
        skipSpaceAndComments()
        let start = position
        guard let byte = current else { return TextFormatToken(kind: .end, position: start) }
        if byte.isTextFormatNameStart {
            let name = String(decoding: take { $0.isTextFormatNamePart }, as: UTF8.self)
            return TextFormatToken(kind: .identifier(name), position: start)
        }
        if byte.isTextFormatDigit || (byte == ASCII.dot && peek(1)?.isTextFormatDigit == true) {
            return TextFormatToken(kind: try number(), position: start)
        }
        switch byte {
        case ASCII.doubleQuote, ASCII.singleQuote:
            return TextFormatToken(kind: .string(try string()), position: start)
        case ASCII.colon, ASCII.comma, ASCII.semicolon, ASCII.minus, ASCII.openBrace, ASCII.closeBrace,
            ASCII.openAngle, ASCII.closeAngle, ASCII.openBracket, ASCII.closeBracket:
            advance()
            return TextFormatToken(kind: .symbol(byte), position: start)
        default:
            throw unexpected(byte, at: start)
        }
    }

    /// Moves to the next byte that means something.
    private mutating func skipSpaceAndComments() {
        while let byte = current {
            if byte.isTextFormatSpace {
                advance()
            } else if byte == ASCII.hash {
                _ = take { $0 != ASCII.lineFeed }
            } else {
                return
            }
        }
    }

    /// The error for a byte that cannot begin any token.
    private func unexpected(_ byte: UInt8, at position: TextPosition) -> ModelConfigurationError {
        let came =
            (0x21...0x7E).contains(byte)
            ? String(Character(Unicode.Scalar(byte))).quotedExcerpt
            : "the byte 0x\(String(byte, radix: 16, uppercase: true))"
        return ModelConfigurationError(
            .syntax,
            at: position,
            "expected a field name, a value or punctuation, found \(came); "
                + "remove it, or put it in quotes if it belongs to a string"
        )
    }
}
