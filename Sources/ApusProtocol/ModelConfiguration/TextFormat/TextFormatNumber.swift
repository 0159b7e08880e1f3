/// A number as it stands in a text, before it is known what kind of field it is for.
package struct TextFormatNumber: Sendable, Equatable {
    /// How the number is written, which decides which fields may take it.
    package enum Notation: Sendable {
        /// Digits only.
        case decimal
        /// A leading zero and octal digits.
        case octal
        /// A leading `0x` and hexadecimal digits.
        case hexadecimal
        /// With a fraction, an exponent or the suffix `f`.
        case fractional
    }

    /// The characters without sign, prefix and suffix.
    let digits: String

    /// How those characters are to be read.
    package let notation: Notation

    /// Whether a minus sign stood before it.
    package let isNegative: Bool

    /// The integer without its sign; nil when it is fractional or needs more than 64 bits.
    package var magnitude: UInt64? {
        switch notation {
        case .decimal: UInt64(digits)
        case .octal: UInt64(digits, radix: 8)
        case .hexadecimal: UInt64(digits, radix: 16)
        case .fractional: nil
        }
    }

    /// The number as it was written, for messages.
    package var text: String {
        let prefix =
            switch notation {
            case .decimal, .fractional: ""
            case .octal: "0"
            case .hexadecimal: "0x"
            }
        return (isNegative ? "-" : "") + prefix + digits
    }
}
