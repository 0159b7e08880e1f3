extension TextFormatLexer {
    /// Reads a number without its sign; the cursor stands on a digit or on a dot before one.
    mutating func number() throws(ModelConfigurationError) -> TextFormatToken.Kind {
        let start = position
        // Taking all that could belong to a number at once makes `08`, `1.2.3` and `12abc` errors instead of two tokens.
        var isAfterExponent = false
        let text = take { byte in
            defer { isAfterExponent = byte | 0x20 == UInt8(ascii: "e") }
            let isSign = byte == UInt8(ascii: "+") || byte == ASCII.minus
            return byte.isTextFormatNamePart || byte == ASCII.dot || (isAfterExponent && isSign)
        }
        guard text.count <= maximumNumberLength else {
            throw ModelConfigurationError(
                .limitExceeded,
                at: start,
                "the number has \(text.count) characters; write it with at most \(maximumNumberLength)"
            )
        }
        let written = String(decoding: text, as: UTF8.self)
        guard let kind = Self.integer(text, written) ?? Self.fractional(text) else {
            throw ModelConfigurationError(
                .syntax,
                at: start,
                "\(written.quotedExcerpt) is not a number; write digits (10), hexadecimal (0x0A), octal (012) "
                    + "or a fraction (0.5, 1e-3), and put other text in quotes"
            )
        }
        return kind
    }

    /// The text as an integer in one of the three bases, or nil when it is none.
    private static func integer(_ text: ArraySlice<UInt8>, _ written: String) -> TextFormatToken.Kind? {
        guard text.first == UInt8(ascii: "0"), text.count > 1 else {
            return text.allSatisfy { $0.isTextFormatDigit } ? .number(digits: written, .decimal) : nil
        }
        let rest = text.dropFirst()
        if let marker = rest.first, marker | 0x20 == UInt8(ascii: "x") {
            let digits = rest.dropFirst()
            guard !digits.isEmpty, digits.allSatisfy({ $0.textFormatDigitValue != nil }) else { return nil }
            return .number(digits: String(decoding: digits, as: UTF8.self), .hexadecimal)
        }
        guard rest.allSatisfy({ $0.textFormatDigitValue ?? 8 < 8 }) else { return nil }
        return .number(digits: String(decoding: rest, as: UTF8.self), .octal)
    }

    /// The text as a number with fraction, exponent or suffix, or nil when it is none.
    private static func fractional(_ text: ArraySlice<UInt8>) -> TextFormatToken.Kind? {
        var rest = text
        let whole = takeDigits(&rest)
        var fraction: String?
        if rest.first == ASCII.dot {
            rest = rest.dropFirst()
            fraction = takeDigits(&rest)
        }
        guard !whole.isEmpty || fraction?.isEmpty == false else { return nil }
        var exponent: String?
        if let marker = rest.first, marker | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            guard let taken = takeExponent(&rest) else { return nil }
            exponent = taken
        }
        let hasSuffix = rest.count == 1 && rest.first.map { $0 | 0x20 } == UInt8(ascii: "f")
        guard rest.isEmpty || hasSuffix else { return nil }
        // A leading zero such as in `08` announces octal and is refused, as protobuf does.
        guard fraction != nil || exponent != nil || whole.count == 1 || !whole.hasPrefix("0") else { return nil }
        // Written out in full, because `1.` and `.5` are not numbers to every parser of floating-point text.
        let digits = (whole.isEmpty ? "0" : whole) + "." + (fraction.flatMap { $0.isEmpty ? nil : $0 } ?? "0")
        return .number(digits: digits + (exponent.map { "e" + $0 } ?? ""), .fractional)
    }

    /// Cuts the digits off the front.
    private static func takeDigits(_ text: inout ArraySlice<UInt8>) -> String {
        let digits = text.prefix { $0.isTextFormatDigit }
        text = text.dropFirst(digits.count)
        return String(decoding: digits, as: UTF8.self)
    }

    /// Cuts a signed exponent off the front, or nil when there are no digits.
    private static func takeExponent(_ text: inout ArraySlice<UInt8>) -> String? {
        var sign = ""
        if let first = text.first, first == UInt8(ascii: "+") || first == ASCII.minus {
            sign = first == ASCII.minus ? "-" : ""
            text = text.dropFirst()
        }
        let digits = takeDigits(&text)
        return digits.isEmpty ? nil : sign + digits
    }
}
