extension String {
    /// The start of this text in quotes, short and with nothing that could disturb a log line or a terminal.
    var quotedExcerpt: String {
        var result = "'"
        for (index, scalar) in unicodeScalars.enumerated() {
            if index == Self.excerptLimit {
                result += "…"
                break
            }
            result.append(scalar.forExcerpt)
        }
        return result + "'"
    }

    /// How many characters of a file an error may repeat.
    private static var excerptLimit: Int { 48 }
}

extension Unicode.Scalar {
    /// The scalar itself, or its escape when it would not print as one visible character.
    fileprivate var forExcerpt: String {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            "\\u{\(String(value, radix: 16))}"
        default: String(Character(self))
        }
    }
}
