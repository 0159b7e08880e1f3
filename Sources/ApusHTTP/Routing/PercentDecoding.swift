/// Percent-decoding of one path segment (RFC 3986 §2.1).
enum PercentDecoding {
    /// The text that a segment means; a broken escape stands for itself, and no name has a percent sign.
    static func text(_ path: Span<UInt8>, _ range: Range<Int>) -> String {
        if let plain = plainText(path, range) { return plain }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            if path[index] == UInt8(ascii: "%"), index + 2 < range.upperBound,
                let high = hexDigit(path[index + 1]), let low = hexDigit(path[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(path[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text of a segment without escapes, which nearly all are.
    private static func plainText(_ path: Span<UInt8>, _ range: Range<Int>) -> String? {
        for index in range where path[index] == UInt8(ascii: "%") { return nil }
        guard let text = try? UTF8Span(validating: path.extracting(range)) else { return nil }
        return String(copying: text)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 55
        default: nil
        }
    }
}
