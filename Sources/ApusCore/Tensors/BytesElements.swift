/// Reads the elements of a BYTES tensor in its raw encoding: each a length and its bytes.
package struct BytesElements {
    /// Counts the elements and proves that the lengths fill the span exactly.
    ///
    /// - Returns: `nil` when a length points behind the end or bytes are left over.
    package static func count(in bytes: RawSpan) -> Int? {
        var offset = 0
        var count = 0
        while offset < bytes.byteCount {
            guard let length = length(in: bytes, at: offset) else { return nil }
            offset += 4 + length
            count += 1
        }
        return count
    }

    /// The length of the element whose prefix starts at `offset`; `nil` when the prefix or the element is cut off.
    package static func length(in bytes: RawSpan, at offset: Int) -> Int? {
        guard bytes.byteCount - offset >= 4 else { return nil }
        let length = Int(UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset)))
        return length <= bytes.byteCount - offset - 4 ? length : nil
    }

    /// Where each element's bytes lie, without the prefixes.
    package static func ranges(in bytes: RawSpan) -> [Range<Int>]? {
        var ranges: [Range<Int>] = []
        var offset = 0
        while offset < bytes.byteCount {
            guard let length = length(in: bytes, at: offset) else { return nil }
            ranges.append(offset + 4..<offset + 4 + length)
            offset += 4 + length
        }
        return ranges
    }
}

extension RawSpan {
    /// Loads four bytes from any address; out of bounds is the caller's fault and was checked.
    fileprivate func unsafeLoadUnaligned(fromByteOffset offset: Int) -> UInt32 {
        unsafe self.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }
}
