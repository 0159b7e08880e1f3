package import ApusCore

/// Why one value is no element of a tensor; where it stands is for the caller to say.
package struct ElementFault: Error, Sendable, Hashable {
    /// What was expected and what came.
    package let message: String
}

/// What a value must be to become an element of a given datatype.
package struct ElementRule: Sendable {
    private let type: DataType

    /// The rule for one datatype.
    package init(_ type: DataType) {
        self.type = type
    }

    /// Checks a JSON value.
    ///
    /// - Returns: The value as the wire wants it: `1.0` becomes `1` for an integer, `1` becomes `true` for a boolean.
    package func element(json value: JSONValue) throws(ElementFault) -> JSONValue {
        switch (type, value) {
        case (.bytes, .string), (.bool, .bool): return value
        case (.bool, .number("0")): return .bool(false)
        case (.bool, .number("1")): return .bool(true)
        case (.bytes, _), (.bool, _): throw fault(got: ElementRule.shown(value))
        case (_, .number(let text)): return .number(try number(text))
        default: throw fault(got: ElementRule.shown(value))
        }
    }

    /// Checks a cell of a table; blanks around numbers don't count.
    package func element(text: String) throws(ElementFault) -> JSONValue {
        guard type != .bytes else { return .string(text) }
        let trimmed = ElementRule.trimmed(text)
        guard !trimmed.isEmpty else { throw fault(got: "an empty cell") }
        guard type == .bool else { return .number(try number(trimmed)) }
        switch trimmed.lowercased() {
        case "true", "1": return .bool(true)
        case "false", "0": return .bool(false)
        default: throw fault(got: ElementRule.quoted(trimmed))
        }
    }

    private func number(_ text: String) throws(ElementFault) -> String {
        guard let value = NumberText.double(text) else { throw fault(got: ElementRule.quoted(text)) }
        guard let range = integerRange else { return try floating(text, value) }
        guard let whole = ElementRule.whole(text, value) else {
            guard value.isFinite, value.rounded() == value else { throw fault(got: text) }
            throw outOfRange(text, range)
        }
        guard range.contains(whole) else { throw outOfRange(text, range) }
        return String(whole)
    }

    private func floating(_ text: String, _ value: Double) throws(ElementFault) -> String {
        let isRepresentable =
            switch type {
            case .fp16: value.magnitude < 65520
            case .bf16, .fp32: Float(value).isFinite
            default: value.isFinite
            }
        guard isRepresentable || NumberText.isSpelledNonFinite(text) else {
            throw ElementFault(message: "\(ElementRule.quoted(text)) is beyond the range of \(type.rawValue)")
        }
        return NumberText.isJSON(text) ? text : NumberText.json(value)
    }

    /// Reads a whole number, also one written as `3.0` or `1e3` where a double holds it exactly.
    private static func whole(_ text: String, _ value: Double) -> Int128? {
        if let whole = Int128(text) { return whole }
        guard value.magnitude <= 9_007_199_254_740_992 else { return nil }
        return Int128(exactly: value)
    }

    /// The values of an integer type; `nil` for other types.
    private var integerRange: ClosedRange<Int128>? {
        switch type {
        case .uint8: 0...Int128(UInt8.max)
        case .uint16: 0...Int128(UInt16.max)
        case .uint32: 0...Int128(UInt32.max)
        case .uint64: 0...Int128(UInt64.max)
        case .int8: Int128(Int8.min)...Int128(Int8.max)
        case .int16: Int128(Int16.min)...Int128(Int16.max)
        case .int32: Int128(Int32.min)...Int128(Int32.max)
        case .int64: Int128(Int64.min)...Int128(Int64.max)
        case .bool, .fp16, .bf16, .fp32, .fp64, .bytes: nil
        }
    }

    private func outOfRange(_ text: String, _ range: ClosedRange<Int128>) -> ElementFault {
        let bounds = "\(range.lowerBound) to \(range.upperBound)"
        let shown = ElementRule.quoted(text)
        return ElementFault(message: "\(shown) is out of range: \(type.rawValue) goes from \(bounds)")
    }

    private func fault(got: String) -> ElementFault {
        let expected =
            switch type {
            case .bool: "true or false"
            case .bytes: "a string"
            case .fp16, .bf16, .fp32, .fp64: "a number"
            default: "a whole number"
            }
        return ElementFault(message: "\(expected) is expected for \(type.rawValue), got \(got)")
    }

    private static func shown(_ value: JSONValue) -> String {
        switch value {
        case .number(let text), .string(let text): "\(value.kind) \(quoted(text))"
        case .bool(let flag): "\(flag)"
        default: value.kind
        }
    }

    private static func quoted(_ text: String) -> String {
        let short = text.prefix(40)
        return "'\(Terminal.printable(String(short)))\(short.endIndex < text.endIndex ? "…" : "")'"
    }

    private static func trimmed(_ text: String) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = text.firstIndex(where: { !isBlank($0) }), let last = text.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(text[first...last])
    }
}
