/// Text under construction, as the bytes that will be written.
///
/// Log lines and metrics are made of it: one growing array instead of a chain of interpolated strings.
struct TextBytes: Sendable {
    /// What has been written so far.
    private(set) var bytes: [UInt8] = []

    /// Starts empty, with room for `capacity` bytes.
    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// Adds one byte.
    mutating func append(_ byte: UInt8) {
        bytes.append(byte)
    }

    /// Adds a character, mostly punctuation.
    ///
    /// The label is for speed: a literal without one is a `String`, which takes several times as long.
    mutating func append(character: Unicode.Scalar) {
        guard character.isASCII else { return append(utf8Of: character.value) }
        bytes.append(UInt8(truncatingIfNeeded: character.value))
    }

    /// Adds text that needs no escaping, our own.
    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Adds bytes that are encoded already.
    mutating func append(encoded: [UInt8]) {
        bytes.append(contentsOf: encoded)
    }

    /// Adds a number in decimal digits.
    mutating func append(decimal value: UInt64) {
        if value >= 10 { append(decimal: value / 10) }
        bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
    }

    /// Adds a number in decimal digits, with its sign.
    mutating func append(decimal value: Int64) {
        if value < 0 { append(character: "-") }
        append(decimal: value.magnitude)
    }

    /// Adds a number in exactly so many decimal digits, zeros in front; higher digits are cut off.
    mutating func append(decimal value: UInt64, digits: Int) {
        let start = bytes.count
        for _ in 0..<digits { bytes.append(UInt8(ascii: "0")) }
        var rest = value
        for position in stride(from: bytes.count - 1, through: start, by: -1) {
            bytes[position] += UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// Adds nanoseconds as milliseconds with three decimals: `1.234`.
    mutating func append(millisecondsOf nanoseconds: UInt64) {
        append(decimal: nanoseconds / 1_000_000)
        append(character: ".")
        append(decimal: nanoseconds / 1000 % 1000, digits: 3)
    }

    /// Adds nanoseconds as seconds, exactly, with as many decimals as are needed: `0.00001`, `2.5`, `10`.
    mutating func append(secondsOf nanoseconds: UInt64) {
        append(decimal: nanoseconds / 1_000_000_000)
        var fraction = nanoseconds % 1_000_000_000
        guard fraction > 0 else { return }
        var digits = 9
        while fraction % 10 == 0 {
            fraction /= 10
            digits -= 1
        }
        append(character: ".")
        append(decimal: fraction, digits: digits)
    }
}
