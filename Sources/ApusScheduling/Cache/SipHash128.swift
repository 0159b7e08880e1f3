/// SipHash-2-4 with 128 bits of result: a pseudo-random function whose key decides everything.
///
/// Whoever doesn't know the key can't find two inputs with one result faster than by trying about 2^64 of them against
/// this very process. Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", and the 128-bit form of
/// its reference implementation (https://github.com/veorq/SipHash).
struct SipHash128 {
    /// The secret.
    struct Key: Sendable {
        let first: UInt64
        let second: UInt64

        /// Takes a given key, for tests.
        init(_ first: UInt64, _ second: UInt64) {
            self.first = first
            self.second = second
        }

        /// Takes a key from the system's source of randomness.
        static func random() -> Key {
            var generator = SystemRandomNumberGenerator()
            return Key(generator.next(), generator.next())
        }
    }

    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    /// Bytes taken so far; a multiple of eight until `finish`.
    private var count: UInt64 = 0

    /// Starts with nothing taken.
    init(key: Key) {
        v0 = key.first ^ 0x736f_6d65_7073_6575
        v1 = key.second ^ 0x646f_7261_6e64_6f6d ^ 0xee
        v2 = key.first ^ 0x6c79_6765_6e65_7261
        v3 = key.second ^ 0x7465_6462_7974_6573
    }

    /// Takes eight bytes, little-endian.
    @inline(__always)
    mutating func combine(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
        count &+= 8
    }

    /// Takes bytes and their number, so that what follows can't be mistaken for a part of them.
    mutating func combine(framed bytes: RawSpan) {
        combine(UInt64(bytes.byteCount))
        let whole = bytes.byteCount & ~7
        unsafe bytes.withUnsafeBytes { memory in
            var offset = 0
            while offset < whole {
                combine(UInt64(littleEndian: unsafe memory.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
                offset += 8
            }
            guard offset < memory.count else { return }
            var last: UInt64 = 0
            var shift: UInt64 = 0
            while offset < memory.count {
                last |= UInt64(unsafe memory[offset]) << shift
                shift += 8
                offset += 1
            }
            combine(last)
        }
    }

    /// Takes text and its length.
    mutating func combine(framed text: String) {
        var text = text
        text.withUTF8 { utf8 in combine(framed: unsafe RawSpan(_unsafeElements: utf8)) }
    }

    /// The result; `tail` holds up to seven bytes more, for comparison with the reference.
    consuming func finish(tail: [UInt8] = []) -> (low: UInt64, high: UInt64) {
        var last = (count &+ UInt64(tail.count)) << 56
        for (index, byte) in tail.enumerated() { last |= UInt64(byte) << UInt64(8 * index) }
        v3 ^= last
        round()
        round()
        v0 ^= last
        v2 ^= 0xee
        for _ in 0..<4 { round() }
        let low = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xdd
        for _ in 0..<4 { round() }
        return (low, v0 ^ v1 ^ v2 ^ v3)
    }

    @inline(__always)
    private mutating func round() {
        v0 = v0 &+ v1
        v1 = rotate(v1, 13) ^ v0
        v0 = rotate(v0, 32)
        v2 = v2 &+ v3
        v3 = rotate(v3, 16) ^ v2
        v0 = v0 &+ v3
        v3 = rotate(v3, 21) ^ v0
        v2 = v2 &+ v1
        v1 = rotate(v1, 17) ^ v2
        v2 = rotate(v2, 32)
    }

    @inline(__always)
    private func rotate(_ word: UInt64, _ bits: UInt64) -> UInt64 {
        word &<< bits | word &>> (64 &- bits)
    }
}
