internal import ApusProtocol

/// Writes small documents for people and programs: a member on a line of its own, what is deeper than two levels on one
/// line.
///
/// The same values give the same bytes.
struct ReadableJSON {
    private(set) var bytes: [UInt8] = []

    /// The text of an object, with a line break at its end.
    static func text(of members: [JSONValue.Member]) -> [UInt8] {
        var writer = ReadableJSON()
        writer.write(.object(members), depth: 0)
        writer.append("\n")
        return writer.bytes
    }

    /// The text of a value on one line.
    static func line(of value: JSONValue) -> [UInt8] {
        var writer = ReadableJSON()
        writer.write(value, depth: 2)
        return writer.bytes
    }

    private mutating func write(_ value: JSONValue, depth: Int) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .integer(let number): append(String(number))
        case .unsigned(let number): append(String(number))
        case .real(let number): append(number.isFinite ? String(number) : "null")
        case .string(let text): write(string: text)
        case .array(let elements):
            list("[", "]", elements, depth: depth) { writer, element in writer.write(element, depth: depth + 1) }
        case .object(let members):
            list("{", "}", members, depth: depth) { writer, member in
                writer.write(string: member.key)
                writer.append(": ")
                writer.write(member.value, depth: depth + 1)
            }
        }
    }

    private mutating func list<Element>(
        _ open: StaticString,
        _ close: StaticString,
        _ elements: [Element],
        depth: Int,
        _ write: (inout ReadableJSON, Element) -> Void
    ) {
        let breaksLines = depth < 2 && !elements.isEmpty
        append("\(open)")
        for (index, element) in elements.enumerated() {
            if index > 0 { append(breaksLines ? "," : ", ") }
            if breaksLines { breakLine(depth + 1) }
            write(&self, element)
        }
        if breaksLines { breakLine(depth) }
        append("\(close)")
    }

    private mutating func write(string text: String) {
        var writer = JSONText()
        writer.string(text)
        bytes.append(contentsOf: writer.bytes)
    }

    private mutating func breakLine(_ depth: Int) {
        append("\n")
        append(String(repeating: "  ", count: depth))
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}
