/// Parses a request's line and header fields, strictly, as RFC 9112 has them.
///
/// What different parsers read differently is refused instead of guessed: bare LF, folded lines, space before a colon,
/// two lengths. That is what request smuggling lives on.
struct HTTPHeadParser {
    /// What a look at the bytes found.
    enum Outcome: Equatable {
        /// The end of the head hasn't arrived.
        case incomplete
        /// The head takes so many bytes.
        case complete(byteCount: Int)
    }

    private let maxBytes: Int
    private let maxFields: Int
    /// Bytes already searched for the end of the head, so that slow arrival costs no more than fast.
    private var searched = 0

    init(maxBytes: Int, maxFields: Int) {
        self.maxBytes = maxBytes
        self.maxFields = maxFields
    }

    /// Looks for a whole head at the start of the bytes and parses it.
    mutating func parse(
        _ bytes: Span<UInt8>,
        into head: inout HTTPRequestHead
    ) throws(HTTPParsingFault) -> Outcome {
        guard let end = endOfHead(in: bytes) else {
            guard bytes.count <= maxBytes else { throw .headTooLarge }
            searched = max(0, bytes.count - 3)
            return .incomplete
        }
        guard end <= maxBytes else { throw .headTooLarge }
        searched = 0
        head.reset()
        var position = try parseRequestLine(bytes, into: &head)
        var facts = FieldFacts()
        while bytes[position] != 0x0d {
            guard head.fields.count < maxFields else { throw .tooManyFields }
            position = try parseField(bytes, from: position, into: &head, facts: &facts)
        }
        guard position + 2 == end else { throw .fieldLine }
        try facts.check(&head)
        return .complete(byteCount: end)
    }

    /// The index behind the empty line; `nil` while it hasn't arrived.
    private func endOfHead(in bytes: Span<UInt8>) -> Int? {
        var index = searched
        let count = bytes.count
        while index + 3 < count {
            // The last of four decides how far to jump.
            switch bytes[index + 3] {
            case 0x0a:
                if bytes[index + 2] == 0x0d, bytes[index + 1] == 0x0a, bytes[index] == 0x0d { return index + 4 }
                index += 2
            case 0x0d:
                index += 1
            default:
                index += 4
            }
        }
        return nil
    }

    private func parseRequestLine(
        _ bytes: Span<UInt8>,
        into head: inout HTTPRequestHead
    ) throws(HTTPParsingFault) -> Int {
        var index = 0
        while isToken(bytes[index]) { index += 1 }
        guard index > 0, bytes[index] == 0x20 else { throw .requestLine }
        head.methodName = 0..<index
        head.method = method(bytes, index)
        index += 1
        let targetStart = index
        index = bytes.firstIndexOfControl(below: 0x21, from: index)
        guard bytes[index] == 0x20 else { throw .requestLine }
        try parseTarget(bytes, targetStart..<index, into: &head)
        index += 1
        guard matches(bytes, index, "HTTP/") else { throw .requestLine }
        guard matches(bytes, index + 5, "1.1\r\n") || matches(bytes, index + 5, "1.0\r\n") else { throw .version }
        head.isVersion11 = bytes[index + 7] == UInt8(ascii: "1")
        return index + 10
    }

    private func method(_ bytes: Span<UInt8>, _ length: Int) -> HTTPRequestHead.Method {
        if length == 4, matches(bytes, 0, "POST") { return .post }
        if length == 3, matches(bytes, 0, "GET") { return .get }
        if length == 4, matches(bytes, 0, "HEAD") { return .head }
        return .other
    }

    /// Takes `/path?query` and, as RFC 9112 asks of servers, `http://host/path?query`.
    private func parseTarget(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        into head: inout HTTPRequestHead
    ) throws(HTTPParsingFault) {
        guard bytes.firstIndex(of: UInt8(ascii: "#"), in: range) == nil else { throw .target }
        var start = range.lowerBound
        if start < range.upperBound, bytes[start] != UInt8(ascii: "/") {
            let scheme = matches(bytes, start, "http://") ? 7 : matches(bytes, start, "https://") ? 8 : 0
            guard scheme > 0 else { throw .target }
            start += scheme
            while start < range.upperBound, bytes[start] != UInt8(ascii: "/") { start += 1 }
        }
        guard start < range.upperBound else { throw .target }
        let end = bytes.firstIndex(of: UInt8(ascii: "?"), in: start..<range.upperBound) ?? range.upperBound
        head.path = start..<end
        head.query = min(end + 1, range.upperBound)..<range.upperBound
    }

    private func parseField(
        _ bytes: Span<UInt8>,
        from start: Int,
        into head: inout HTTPRequestHead,
        facts: inout FieldFacts
    ) throws(HTTPParsingFault) -> Int {
        var index = start
        while isToken(bytes[index]) { index += 1 }
        guard index > start, bytes[index] == UInt8(ascii: ":") else { throw .fieldLine }
        let name = start..<index
        index += 1
        while bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
        let valueStart = index
        index = bytes.firstIndexOfControl(below: 0x20, from: index)
        while bytes[index] == 0x09 { index = bytes.firstIndexOfControl(below: 0x20, from: index + 1) }
        guard bytes[index] == 0x0d, bytes[index + 1] == 0x0a else { throw .fieldLine }
        var valueEnd = index
        while valueEnd > valueStart, bytes[valueEnd - 1] == 0x20 || bytes[valueEnd - 1] == 0x09 { valueEnd -= 1 }
        let field = HTTPRequestHead.Field(name: name, value: valueStart..<valueEnd)
        head.fields.append(field)
        try facts.note(field, in: bytes, head: &head)
        return index + 2
    }

    private func matches(_ bytes: Span<UInt8>, _ offset: Int, _ text: StaticString) -> Bool {
        bytes.matches(text, at: offset)
    }

    /// The bytes of a token (RFC 9110 §5.6.2), one bit each: those below 64 and those from 64 to 127.
    private static let tokenBytes: (low: UInt64, high: UInt64) = (0x03ff_6cfa_0000_0000, 0x57ff_ffff_c7ff_fffe)

    private func isToken(_ byte: UInt8) -> Bool {
        let bits = byte & 0x40 == 0 ? HTTPHeadParser.tokenBytes.low : HTTPHeadParser.tokenBytes.high
        return byte < 128 && bits &>> UInt64(byte) & 1 == 1
    }
}
