/// The characters that mean something in text format, by name.
enum TextFormatCharacter {
    /// Ends a line and with it a comment.
    static let lineFeed = UInt8(ascii: "\n")
    /// Introduces an escape.
    static let backslash = UInt8(ascii: "\\")
    /// Opens a string.
    static let doubleQuote = UInt8(ascii: "\"")
    /// Opens a string too.
    static let singleQuote = UInt8(ascii: "'")
    /// Begins a comment.
    static let hash = UInt8(ascii: "#")
    /// Stands between a name and a value.
    static let colon = UInt8(ascii: ":")
    /// Separates list elements, and may separate fields.
    static let comma = UInt8(ascii: ",")
    /// May separate fields.
    static let semicolon = UInt8(ascii: ";")
    /// Makes a number negative.
    static let minus = UInt8(ascii: "-")
    /// Separates the whole part of a number from its fraction.
    static let dot = UInt8(ascii: ".")
    /// Opens a message.
    static let openBrace = UInt8(ascii: "{")
    /// Closes a message.
    static let closeBrace = UInt8(ascii: "}")
    /// Opens a message too.
    static let openAngle = UInt8(ascii: "<")
    /// Closes a message too.
    static let closeAngle = UInt8(ascii: ">")
    /// Opens a list.
    static let openBracket = UInt8(ascii: "[")
    /// Closes a list.
    static let closeBracket = UInt8(ascii: "]")
}

extension UInt8 {
    /// Whether text format skips this byte between tokens.
    var isTextFormatSpace: Bool {
        self == UInt8(ascii: " ") || (0x09...0x0D).contains(self)
    }

    /// Whether this is a decimal digit.
    var isTextFormatDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }

    /// Whether this may begin a name.
    var isTextFormatNameStart: Bool {
        let lowercase = self | 0x20
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lowercase) || self == UInt8(ascii: "_")
    }

    /// Whether this may stand inside a name.
    var isTextFormatNamePart: Bool {
        isTextFormatNameStart || isTextFormatDigit
    }

    /// The value of this digit in bases up to sixteen, or nil when it is no digit.
    var textFormatDigitValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
