/// Rules on how numbers are written, as JSON has them and as tables have them.
package enum NumberText {
    /// Tells whether a byte may stand in a JSON number.
    static func isNumberByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
    }

    /// Tells whether a text is a number as RFC 8259 writes them: no leading plus, zeros or bare point.
    package static func isJSON(_ text: some StringProtocol) -> Bool {
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let whole = digits(&rest)
        guard !whole.isEmpty, whole.count == 1 || whole.first != UInt8(ascii: "0") else { return false }
        return isFractionAndExponent(&rest)
    }

    /// Reads a decimal number as people and programs write them in tables: `+1`, `.5`, `1.`, `1e3`, `nan`, `-inf`.
    ///
    /// - Returns: `nil` for anything else, hexadecimal numbers included. A number beyond a double comes out infinite.
    package static func double(_ text: some StringProtocol) -> Double? {
        let lowered = text.lowercased()
        switch lowered {
        case "nan", "-nan", "+nan": return .nan
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: break
        }
        var rest = lowered.utf8[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        let whole = digits(&rest)
        var fraction = lowered.utf8[lowered.utf8.startIndex..<lowered.utf8.startIndex]
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = digits(&rest)
        }
        guard !(whole.isEmpty && fraction.isEmpty), isExponent(&rest) else { return nil }
        return Double(lowered)
    }

    /// Tells whether a text spells one of the values that no JSON number can.
    package static func isSpelledNonFinite(_ text: some StringProtocol) -> Bool {
        switch text.lowercased() {
        case "nan", "-nan", "+nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity": true
        default: false
        }
    }

    /// Writes a double as v2's JSON has it, with bare tokens for what isn't finite.
    package static func json(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return value.description
    }

    /// Writes a float in the shortest form that reads back to it.
    package static func json(_ value: Float) -> String {
        value.isFinite ? value.description : json(Double(value))
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func digits<Bytes: Collection>(_ rest: inout Bytes) -> Bytes
    where Bytes.Element == UInt8, Bytes.SubSequence == Bytes {
        let run = rest.prefix(while: isDigit)
        rest = rest.dropFirst(run.count)
        return run
    }

    private static func isFractionAndExponent<Bytes: Collection>(_ rest: inout Bytes) -> Bool
    where Bytes.Element == UInt8, Bytes.SubSequence == Bytes {
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard !digits(&rest).isEmpty else { return false }
        }
        return isExponent(&rest)
    }

    private static func isExponent<Bytes: Collection>(_ rest: inout Bytes) -> Bool
    where Bytes.Element == UInt8, Bytes.SubSequence == Bytes {
        guard let letter = rest.first else { return true }
        guard letter == UInt8(ascii: "e") || letter == UInt8(ascii: "E") else { return false }
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        return !digits(&rest).isEmpty && rest.isEmpty
    }
}
