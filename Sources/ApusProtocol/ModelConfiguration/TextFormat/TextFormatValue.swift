/// One value of a field as it stands in a text, and where it begins.
package struct TextFormatValue: Sendable, Equatable {
    /// What a value can be before the schema says what it has to be.
    package enum Content: Sendable, Equatable {
        /// A number; a word after a minus sign, such as `-inf`, is a word.
        case number(TextFormatNumber)
        /// A word: an enumeration member, `true`, `inf`.
        case word(String, isNegative: Bool)
        /// Adjacent quoted strings, joined, with their escapes resolved.
        case string([UInt8])
        /// Fields in braces or angle brackets.
        case message([TextFormatField])
    }

    /// What the value is.
    package let content: Content

    /// Where its first character stands.
    package let position: TextPosition

    /// How an error names this value.
    var summary: String {
        switch content {
        case .number(let number): "the number \(number.text.quotedExcerpt)"
        case .word(let word, let isNegative): ((isNegative ? "-" : "") + word).quotedExcerpt
        case .string(let bytes): "the string " + String(decoding: bytes.prefix(256), as: UTF8.self).quotedExcerpt
        case .message: "a message { … }"
        }
    }
}
