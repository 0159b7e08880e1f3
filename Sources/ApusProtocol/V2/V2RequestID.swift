/// Finds the id of a v2 request that is refused with its body undecoded, so that its client knows which one is meant.
package enum V2RequestID {
    /// The most bytes that are looked through: clients write the id first, and a refusal must cost little.
    package static let maxByteCount = 1 << 10

    /// Looks for the member `id` of the outermost object.
    ///
    /// - Parameter json: The request's JSON, which may be malformed.
    /// - Returns: Empty when there is none within `maxByteCount` bytes, and for one that is written with escapes.
    package static func find(in json: borrowing Span<UInt8>) -> String {
        var scanner = Scanner(count: min(json.count, maxByteCount))
        return scanner.find(in: json) ?? ""
    }
}

private struct Scanner {
    private let count: Int
    private var index = 0
    private var depth = 0
    private var isKeyNext = true

    init(count: Int) {
        self.count = count
    }

    mutating func find(in json: borrowing Span<UInt8>) -> String? {
        skipSpace(in: json)
        guard take(UInt8(ascii: "{"), in: json) else { return nil }
        depth = 1
        while depth > 0, index < count {
            let byte = json[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = stringRange(in: json) else { return nil }
                if isKeyNext, isID(text, in: json) { return value(in: json) }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
            case UInt8(ascii: ","):
                isKeyNext = depth == 1
            case UInt8(ascii: ":"):
                isKeyNext = false
            default:
                break
            }
        }
        return nil
    }

    private func isID(_ text: Range<Int>, in json: borrowing Span<UInt8>) -> Bool {
        text.count == 2 && json[text.lowerBound] == UInt8(ascii: "i") && json[text.lowerBound + 1] == UInt8(ascii: "d")
    }

    /// The string behind a key.
    private mutating func value(in json: borrowing Span<UInt8>) -> String? {
        skipSpace(in: json)
        guard take(UInt8(ascii: ":"), in: json) else { return nil }
        skipSpace(in: json)
        guard take(UInt8(ascii: "\""), in: json), let text = stringRange(in: json) else { return nil }
        let bytes = text.map { json[$0] }
        return bytes.contains(UInt8(ascii: "\\")) ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// What is between the quotes of a string of which the first has been taken; takes the second as well.
    private mutating func stringRange(in json: borrowing Span<UInt8>) -> Range<Int>? {
        let start = index
        while index < count {
            let byte = json[index]
            index += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return start..<index - 1 }
        }
        return nil
    }

    private mutating func skipSpace(in json: borrowing Span<UInt8>) {
        while index < count, json[index] <= UInt8(ascii: " ") { index += 1 }
    }

    private mutating func take(_ byte: UInt8, in json: borrowing Span<UInt8>) -> Bool {
        guard index < count, json[index] == byte else { return false }
        index += 1
        return true
    }
}
