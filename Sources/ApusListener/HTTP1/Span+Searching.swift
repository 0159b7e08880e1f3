/// Searches that look at eight bytes at a time: most of what a head costs is a look at each of its bytes.
extension Span<UInt8> {
    /// The first index of a byte in a range.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        let pattern = UInt64(repeating: byte)
        var index = range.lowerBound
        while index + 8 <= range.upperBound {
            let found = (word(at: index) ^ pattern).zeroBytes
            if found != 0 { return index + found.firstByte }
            index += 8
        }
        while index < range.upperBound {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// The first index, from a start on, of a byte below a limit (128 at most) or of DEL; the count when there is none.
    func firstIndexOfControl(below limit: UInt8, from start: Int) -> Int {
        let limits = UInt64(repeating: limit)
        let delete = UInt64(repeating: 0x7f)
        var index = start
        while index + 8 <= count {
            let bytes = word(at: index)
            let found = bytes.bytes(below: limits) | (bytes ^ delete).zeroBytes
            if found != 0 { return index + found.firstByte }
            index += 8
        }
        while index < count, self[index] >= limit, self[index] != 0x7f { index += 1 }
        return index
    }

    /// Eight bytes, the first of them in the lowest bits.
    private func word(at index: Int) -> UInt64 {
        unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
    }
}

/// Eight bytes in one number (Sean Eron Anderson, "Bit Twiddling Hacks", on zero bytes and bytes less than n).
///
/// What is found are the top bits of the bytes sought. The lowest of them is always right; those above it needn't be.
extension UInt64 {
    fileprivate init(repeating byte: UInt8) {
        self = UInt64(byte) &* 0x0101_0101_0101_0101
    }

    fileprivate var zeroBytes: UInt64 {
        (self &- 0x0101_0101_0101_0101) & ~self & 0x8080_8080_8080_8080
    }

    fileprivate func bytes(below limits: UInt64) -> UInt64 {
        (self &- limits) & ~self & 0x8080_8080_8080_8080
    }

    fileprivate var firstByte: Int { trailingZeroBitCount / 8 }
}
