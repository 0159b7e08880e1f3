/// A set of Unicode scalars, written as in `A-Za-z0-9 _-`.
package struct ScalarSet: Sendable, Equatable {
    private let ranges: [ClosedRange<UInt32>]
    /// The scalars below 128, which nearly all are.
    private let ascii: (low: UInt64, high: UInt64)
    /// How it was written, for messages.
    let words: String

    /// Reads a set: characters, and ranges with a hyphen between their ends; a hyphen first or last is itself.
    ///
    /// - Returns: `nil` for a range whose end comes before its start, and for nothing.
    package init?(_ text: String) {
        let scalars = Array(text.unicodeScalars)
        guard !scalars.isEmpty else { return nil }
        var ranges: [ClosedRange<UInt32>] = []
        var index = 0
        while index < scalars.count {
            let low = scalars[index].value
            if index + 2 < scalars.count, scalars[index + 1] == "-" {
                let high = scalars[index + 2].value
                guard low <= high else { return nil }
                ranges.append(low...high)
                index += 3
            } else {
                ranges.append(low...low)
                index += 1
            }
        }
        self.ranges = ranges
        self.words = "'\(text)'"
        var (low, high): (UInt64, UInt64) = (0, 0)
        for value in UInt32(0)..<128 where ranges.contains(where: { $0.contains(value) }) {
            if value < 64 { low |= 1 << value } else { high |= 1 << (value - 64) }
        }
        self.ascii = (low, high)
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        if value < 64 { return ascii.low >> value & 1 == 1 }
        if value < 128 { return ascii.high >> (value - 64) & 1 == 1 }
        return ranges.contains { $0.contains(value) }
    }

    /// One that is in the set.
    package var first: Unicode.Scalar? { ranges.first.flatMap { Unicode.Scalar($0.lowerBound) } }

    /// A letter that isn't in the set; `nil` when all of them are.
    package var firstOther: Unicode.Scalar? {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).map { Unicode.Scalar($0) }.first { !contains($0) }
    }

    package static func == (left: ScalarSet, right: ScalarSet) -> Bool { left.ranges == right.ranges }
}
