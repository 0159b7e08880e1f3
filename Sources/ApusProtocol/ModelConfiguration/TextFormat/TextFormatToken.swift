/// The smallest meaningful piece of a text, and where it begins.
struct TextFormatToken: Sendable, Equatable {
    /// What a piece can be.
    enum Kind: Sendable, Equatable {
        /// A word: a field name, an enumeration member, `true`, `inf`.
        case identifier(String)
        /// A number without its sign.
        case number(digits: String, TextFormatNumber.Notation)
        /// One quoted string with its escapes resolved.
        case string([UInt8])
        /// A character of punctuation.
        case symbol(UInt8)
        /// The end of the text.
        case end
    }

    /// What the piece is.
    let kind: Kind

    /// Where its first character stands.
    let position: TextPosition

    /// Whether this is the given character of punctuation.
    func isSymbol(_ character: UInt8) -> Bool {
        kind == .symbol(character)
    }

    /// How an error names this piece.
    var summary: String {
        switch kind {
        case .identifier(let name): name.quotedExcerpt
        case .number(let digits, _): "the number \(digits.quotedExcerpt)"
        case .string: "a string"
        case .symbol(let character): String(Character(Unicode.Scalar(character))).quotedExcerpt
        case .end: "the end of the text"
        }
    }
}
