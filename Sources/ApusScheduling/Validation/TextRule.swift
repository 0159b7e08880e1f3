internal import ApusCore

/// What the texts of a BYTES input must be.
package struct TextRule: Sendable, Equatable {
    /// How many Unicode scalars each has at least and at most.
    package var length: ClosedRange<Int>
    /// What they may consist of; `nil` for anything.
    package var allowed: ScalarSet?
    /// What must not be in them; `nil` for nothing.
    package var forbidden: ScalarSet?

    /// Rules for texts of any length unless said otherwise.
    package init(length: ClosedRange<Int> = 0...Int.max, allowed: ScalarSet? = nil, forbidden: ScalarSet? = nil) {
        self.length = length
        self.allowed = allowed
        self.forbidden = forbidden
    }

    /// The first text that breaks the rules.
    func violation(in tensor: Tensor) -> InputRule.Violation? {
        let bytes = tensor.storage.bytes
        var offset = 0
        var index = 0
        while let length = BytesElements.length(in: bytes, at: offset) {
            let start = offset + 4
            if let found = fault(in: bytes.extracting(start..<start + length)) {
                return InputRule.Violation(element: index, rule: found.rule, got: found.got)
            }
            offset = start + length
            index += 1
        }
        return nil
    }

    private func fault(in bytes: RawSpan) -> (rule: String, got: String)? {
        var offset = 0
        var count = 0
        while offset < bytes.byteCount {
            guard let scalar = UTF8Decoding.next(in: bytes, at: &offset) else {
                return ("text in UTF-8", "bytes that are not")
            }
            count += 1
            if let forbidden, forbidden.contains(scalar) {
                return ("text without \(forbidden.words)", "\(TextRule.spelling(scalar)) at character \(count - 1)")
            }
            if let allowed, !allowed.contains(scalar) {
                return ("text of \(allowed.words) alone", "\(TextRule.spelling(scalar)) at character \(count - 1)")
            }
            guard count <= length.upperBound else { return ("at most \(length.upperBound) characters", "more") }
        }
        guard count >= length.lowerBound else { return ("at least \(length.lowerBound) characters", String(count)) }
        return nil
    }

    /// A character as it can be shown anywhere.
    private static func spelling(_ scalar: Unicode.Scalar) -> String {
        let code =
            "U+" + String(repeating: "0", count: max(0, 4 - String(scalar.value, radix: 16).count))
            + String(scalar.value, radix: 16, uppercase: true)
        return scalar.isASCII && scalar.value > 0x20 && scalar.value < 0x7f ? "'\(scalar)' (\(code))" : code
    }
}

/// Walks the Unicode scalars of bytes that ought to be UTF-8.
private enum UTF8Decoding {
    /// The scalar at an offset, which is moved behind it; `nil`, and the offset where it was, for what is no UTF-8.
    static func next(in bytes: RawSpan, at offset: inout Int) -> Unicode.Scalar? {
        let first = byte(of: bytes, at: offset)
        if first < 0x80 {
            offset += 1
            return Unicode.Scalar(first)
        }
        let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
        guard first >= 0xc2, first < 0xf5, offset + length <= bytes.byteCount else { return nil }
        var value = UInt32(first) & (0x7f >> UInt32(length))
        for index in offset + 1..<offset + length {
            let byte = byte(of: bytes, at: index)
            guard byte & 0xc0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3f)
        }
        let least: UInt32 = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80
        guard value >= least, let scalar = Unicode.Scalar(value) else { return nil }
        offset += length
        return scalar
    }

    private static func byte(of bytes: RawSpan, at offset: Int) -> UInt8 {
        unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
