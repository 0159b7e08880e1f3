internal import Glibc

extension Span<UInt8> {
    /// Whether the bytes at an offset spell a text.
    func matches(_ text: StaticString, at offset: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard offset >= 0, length <= count - offset else { return false }
        return unsafe withUnsafeBytes { bytes in
            unsafe bytes.baseAddress.map { unsafe memcmp($0 + offset, text.utf8Start, length) == 0 } ?? true
        }
    }

    /// Whether a range spells a text.
    func matches(_ text: String, _ range: Range<Int>) -> Bool {
        var text = text
        return text.withUTF8 { utf8 in
            guard utf8.count == range.count, range.upperBound <= count else { return false }
            guard let start = utf8.baseAddress else { return true }
            return unsafe withUnsafeBytes { bytes in
                unsafe bytes.baseAddress.map { unsafe memcmp($0 + range.lowerBound, start, range.count) == 0 } ?? false
            }
        }
    }

    /// Whether a range spells a text that is given in lower case, whatever case the range has.
    func matches(lowercased text: StaticString, _ range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<range.count {
            var byte = self[range.lowerBound + index]
            if byte &- UInt8(ascii: "A") < 26 { byte |= 0x20 }
            guard unsafe byte == text.utf8Start[index] else { return false }
        }
        return true
    }

    /// Whether a field has a name, given in lower case: letters and hyphens, at least four.
    ///
    /// A name is a token, and of the bytes of tokens only a letter becomes that letter and only a hyphen a hyphen when
    /// bit 5 is set. So whole words can be compared; the last overlaps the one before it.
    @inline(__always)
    func matches(name field: HTTPRequestHead.Field, _ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard field.name.count == length else { return false }
        let name = unsafe bytes.extracting(field.name)
        let expected = unsafe UnsafeRawPointer(text.utf8Start)
        var index = 0
        while index < length {
            let offset = Swift.min(index, length - 4)
            let word = unsafe name.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
            guard unsafe word | 0x2020_2020 == expected.loadUnaligned(fromByteOffset: offset, as: UInt32.self) else {
                return false
            }
            index += 4
        }
        return true
    }

    /// Whether a field has a value, given in lower case.
    func matches(value field: HTTPRequestHead.Field, _ text: StaticString) -> Bool {
        matches(lowercased: text, field.value)
    }

    /// The decimal number that a range spells; `nil` when it spells anything else or doesn't fit.
    func decimal(_ range: Range<Int>) -> Int? {
        guard !range.isEmpty else { return nil }
        var number = 0
        for index in range {
            let digit = Int(self[index]) - 48
            guard (0...9).contains(digit) else { return nil }
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            number = sum
        }
        return number
    }

    /// The parts of a comma-separated value, without white space.
    func listElements(of range: Range<Int>) -> [Range<Int>] {
        var elements: [Range<Int>] = []
        var start = range.lowerBound
        for index in range where self[index] == UInt8(ascii: ",") {
            elements.append(trimmed(start..<index))
            start = index + 1
        }
        elements.append(trimmed(start..<range.upperBound))
        return elements
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, self[lower] == 0x20 || self[lower] == 0x09 { lower += 1 }
        while upper > lower, self[upper - 1] == 0x20 || self[upper - 1] == 0x09 { upper -= 1 }
        return lower..<upper
    }
}
