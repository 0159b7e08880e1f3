/// Numbers as people and spreadsheets write them, where JSON is stricter.
enum PlainNumber {
    /// Whether a text is a number, a truth value or nothing, and can't be anything else in JSON.
    static func isNumber(_ text: String) -> Bool {
        let text = trimmed(text)
        guard !isWord(text) else { return true }
        return !text.isEmpty && text.utf8.allSatisfy(isNumberByte) && text.utf8.contains(where: isDigit)
    }

    /// The text as JSON: `+1`, `.5` and `5.` get what JSON wants, nothing and NaN become null.
    static func json(_ text: String) -> String {
        let text = trimmed(text)
        switch text.lowercased() {
        case "", "nan", "null", "na", "none": return "null"
        case "true": return "true"
        case "false": return "false"
        default: break
        }
        var digits = text[...]
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits.removeFirst() }
        let mark = digits.firstIndex { $0 == "e" || $0 == "E" } ?? digits.endIndex
        var fraction = String(digits[..<mark])
        if fraction.first == "." { fraction = "0" + fraction }
        if fraction.last == "." { fraction += "0" }
        return (isNegative ? "-" : "") + fraction + String(digits[mark...])
    }

    private static func isWord(_ text: String) -> Bool {
        ["", "nan", "null", "na", "none", "true", "false"].contains(text.lowercased())
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        return String(text)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        if isDigit(byte) { return true }
        switch byte {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): return true
        default: return false
        }
    }
}
