/// Reads UTF-8 that nobody has checked, one scalar at a time.
enum UTF8Sequence {
    /// What a broken sequence is read as.
    static let replacement: UInt32 = 0xFFFD

    /// The scalar that begins at `index` and how many bytes it takes.
    ///
    /// - Returns: The replacement character and a length of one byte when the sequence is broken, overlong, cut off,
    ///   a surrogate or beyond U+10FFFF.
    static func scalar(in text: Span<UInt8>, at index: Int) -> (scalar: UInt32, length: Int) {
        let lead = text[index]
        let length: Int
        var scalar: UInt32
        switch lead {
        case 0x00...0x7F: return (UInt32(lead), 1)
        case 0xC2...0xDF: (length, scalar) = (2, UInt32(lead & 0x1F))
        case 0xE0...0xEF: (length, scalar) = (3, UInt32(lead & 0x0F))
        case 0xF0...0xF4: (length, scalar) = (4, UInt32(lead & 0x07))
        default: return (replacement, 1)
        }
        guard length <= text.count - index else { return (replacement, 1) }
        for offset in 1..<length {
            let byte = text[index + offset]
            guard byte & 0xC0 == 0x80 else { return (replacement, 1) }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        let isOverlong = (length == 3 && scalar < 0x800) || (length == 4 && scalar < 0x10000)
        guard !isOverlong, Unicode.Scalar(scalar) != nil else { return (replacement, 1) }
        return (scalar, length)
    }

    /// Whether a scalar moves, hides or breaks the text around it when a terminal or a viewer shows it.
    ///
    /// Control characters with the C1 set (U+009B begins a terminal command), line and paragraph separators,
    /// zero-width and direction marks, the byte order mark, and the replacement character, so that it is seen that
    /// something was replaced.
    static func isMisleading(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x00...0x1F, 0x7F...0x9F, 0xAD, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
            0xFFF9...0xFFFD:
            true
        default: false
        }
    }
}
