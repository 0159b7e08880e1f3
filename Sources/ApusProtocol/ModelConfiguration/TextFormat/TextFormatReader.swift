/// Reads protobuf text format into a tree of fields with their positions, without knowing any schema.
///
/// The text may come from anybody: every text gives a tree or an error, within bounded memory and stack.
package struct TextFormatReader {
    /// A short name for the punctuation.
    private typealias ASCII = TextFormatCharacter

    /// The message whose fields are being read.
    private struct Enclosure {
        /// The character that ends it.
        let closing: UInt8
        /// Where it was opened.
        let opened: TextPosition
        /// How many messages it stands in, itself included.
        let depth: Int
    }

    /// Where the tokens come from.
    private var lexer: TextFormatLexer

    /// The token to look at next.
    private var token: TextFormatToken

    /// What the text may ask for.
    private let limits: TextFormatLimits

    /// Fields and list elements read so far.
    private var fieldCount = 0

    /// Stands before the first token of a text.
    private init(_ bytes: [UInt8], limits: TextFormatLimits) throws(ModelConfigurationError) {
        self.limits = limits
        lexer = TextFormatLexer(bytes, limits: limits)
        token = try lexer.next()
    }

    /// The fields of a whole text.
    package static func fields(
        of bytes: [UInt8],
        limits: TextFormatLimits = TextFormatLimits()
    ) throws(ModelConfigurationError) -> [TextFormatField] {
        guard bytes.count <= limits.maximumBytes else {
            throw ModelConfigurationError(
                .limitExceeded,
                at: nil,
                "the text has \(bytes.count) bytes, at most \(limits.maximumBytes) are allowed; "
                    + "move large data into files of its own"
            )
        }
        var reader = try TextFormatReader(bytes, limits: limits)
        return try reader.readFields(within: nil)
    }

    /// The fields of a whole text.
    package static func fields(
        of text: String,
        limits: TextFormatLimits = TextFormatLimits()
    ) throws(ModelConfigurationError) -> [TextFormatField] {
        try fields(of: Array(text.utf8), limits: limits)
    }

    /// Reads fields up to the closing character of a message, or to the end of the text.
    private mutating func readFields(
        within enclosure: Enclosure?
    ) throws(ModelConfigurationError) -> [TextFormatField] {
        let end = enclosure.map { TextFormatToken.Kind.symbol($0.closing) } ?? .end
        var fields: [TextFormatField] = []
        while token.kind != end {
            fields.append(try readField(within: enclosure))
            if token.isSymbol(ASCII.comma) || token.isSymbol(ASCII.semicolon) {
                try advance()
            }
        }
        return fields
    }

    /// Reads a name and what follows it.
    private mutating func readField(
        within enclosure: Enclosure?
    ) throws(ModelConfigurationError) -> TextFormatField {
        guard case .identifier(let name) = token.kind else { throw nameExpected(within: enclosure) }
        let depth = enclosure?.depth ?? 0
        let position = token.position
        try count()
        try advance()
        let hasColon = token.isSymbol(ASCII.colon)
        if hasColon {
            try advance()
        }
        let isList = token.isSymbol(ASCII.openBracket)
        let values = isList ? try readList(of: name, depth: depth) : [try readValue(of: name, depth: depth)]
        if !hasColon, let scalar = values.first(where: { !$0.isMessage }) {
            throw ModelConfigurationError(
                .syntax,
                at: scalar.position,
                "expected ':' between \(name.quotedExcerpt) and its value, found \(scalar.summary); "
                    + "only messages in braces may leave the colon out"
            )
        }
        return TextFormatField(name: name, position: position, values: values, isList: isList)
    }

    /// Reads values in square brackets; the token is the opening one.
    private mutating func readList(
        of name: String,
        depth: Int
    ) throws(ModelConfigurationError) -> [TextFormatValue] {
        try advance()
        var values: [TextFormatValue] = []
        guard !token.isSymbol(ASCII.closeBracket) else {
            try advance()
            return values
        }
        while true {
            try count()
            values.append(try readValue(of: name, depth: depth))
            if token.isSymbol(ASCII.closeBracket) {
                try advance()
                return values
            }
            guard token.isSymbol(ASCII.comma) else {
                throw unexpected("',' or ']' in the list of \(name.quotedExcerpt)", "separate the values with commas")
            }
            try advance()
        }
    }

    /// Reads one value, which may be a message but not a list.
    private mutating func readValue(
        of name: String,
        depth: Int
    ) throws(ModelConfigurationError) -> TextFormatValue {
        let position = token.position
        let isNegative = token.isSymbol(ASCII.minus)
        if isNegative {
            try advance()
        }
        switch token.kind {
        case .number(let digits, let notation):
            try advance()
            let number = TextFormatNumber(digits: digits, notation: notation, isNegative: isNegative)
            return TextFormatValue(content: .number(number), position: position)
        case .identifier(let word):
            try advance()
            return TextFormatValue(content: .word(word, isNegative: isNegative), position: position)
        case .string where !isNegative:
            return TextFormatValue(content: .string(try readStrings()), position: position)
        case .symbol(ASCII.openBrace) where !isNegative:
            return try readMessage(of: name, closing: ASCII.closeBrace, depth: depth + 1)
        case .symbol(ASCII.openAngle) where !isNegative:
            return try readMessage(of: name, closing: ASCII.closeAngle, depth: depth + 1)
        default:
            throw unexpected(
                isNegative ? "a number after '-'" : "a value for \(name.quotedExcerpt)",
                isNegative
                    ? "only numbers can be negative"
                    : "write a number, a word, a string in quotes or a message in braces"
            )
        }
    }

    /// Reads adjacent strings as one.
    private mutating func readStrings() throws(ModelConfigurationError) -> [UInt8] {
        var result: [UInt8] = []
        while case .string(let bytes) = token.kind {
            result.append(contentsOf: bytes)
            try advance()
        }
        return result
    }

    /// Reads the fields of a message; the token is the opening character.
    private mutating func readMessage(
        of name: String,
        closing: UInt8,
        depth: Int
    ) throws(ModelConfigurationError) -> TextFormatValue {
        let position = token.position
        guard depth <= limits.maximumDepth else {
            throw ModelConfigurationError(
                .limitExceeded,
                at: position,
                "\(name.quotedExcerpt) opens message number \(depth) inside one another, "
                    + "at most \(limits.maximumDepth) are allowed; no model configuration needs that many"
            )
        }
        try advance()
        let fields = try readFields(within: Enclosure(closing: closing, opened: position, depth: depth))
        try advance()
        return TextFormatValue(content: .message(fields), position: position)
    }

    /// Moves to the next token.
    private mutating func advance() throws(ModelConfigurationError) {
        token = try lexer.next()
    }

    /// Charges one field or list element to the limit.
    private mutating func count() throws(ModelConfigurationError) {
        fieldCount += 1
        guard fieldCount <= limits.maximumFields else {
            throw ModelConfigurationError(
                .limitExceeded,
                at: token.position,
                "the text has more than \(limits.maximumFields) fields and list elements; "
                    + "move large data into files of its own"
            )
        }
    }
}

extension TextFormatReader {
    /// The error for a token that stands where something else must stand.
    private func unexpected(_ wanted: String, _ advice: String) -> ModelConfigurationError {
        ModelConfigurationError(
            .syntax,
            at: token.position,
            "expected \(wanted), found \(token.summary); \(advice)"
        )
    }

    /// The error for a token that stands where a field name must stand.
    private func nameExpected(within enclosure: Enclosure?) -> ModelConfigurationError {
        let advice =
            switch token.kind {
            case .end: "a message is not closed"
            case .symbol(ASCII.openBracket): "extensions and Any do not occur in model configurations"
            case .symbol(ASCII.closeBrace), .symbol(ASCII.closeAngle), .symbol(ASCII.closeBracket):
                enclosure == nil ? "there is one closing bracket too many" : "close a message as it was opened"
            case .string: "field names are written without quotes"
            case .number: "fields are written by name, not by number"
            default: "write name: value"
            }
        guard let enclosure else { return unexpected("a field name", advice) }
        let bracket = String(Character(Unicode.Scalar(enclosure.closing))).quotedExcerpt
        let opened = "\(enclosure.opened.line):\(enclosure.opened.column)"
        return unexpected("a field name or \(bracket) for the message opened at \(opened)", advice)
    }
}

extension TextFormatValue {
    /// Whether this is a message, whose colon may be left out.
    fileprivate var isMessage: Bool {
        if case .message = content { true } else { false }
    }
}
