/// Reads bytes in base64 (RFC 4648), as JSON has them.
package enum Base64 {
    /// The bytes that a text stands for: the standard alphabet or the one for URLs, with padding or without.
    ///
    /// - Returns: `nil` for text that is no base64.
    package static func bytes(of text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        var count = digits.count
        var padding = 0
        while count > 0, padding < 2, digits[count - 1] == UInt8(ascii: "=") {
            count -= 1
            padding += 1
        }
        guard count % 4 != 1, padding == 0 || (count + padding) % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count / 4 * 3 + 2)
        var word: UInt32 = 0
        var held = 0
        for index in 0..<count {
            guard let value = value(of: digits[index]) else { return nil }
            word = word &<< 6 | value
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: word &>> UInt32(held)))
            }
        }
        // What is left over of the last digit means nothing, and has to be nothing.
        guard word & ((1 &<< UInt32(held)) - 1) == 0 else { return nil }
        return bytes
    }

    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
