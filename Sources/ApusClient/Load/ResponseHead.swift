/// The part of an answer's head that a load generator needs.
struct ResponseHead: Sendable, Hashable {
    private static let statusLine = Array("http/1.".utf8)
    private static let contentLengthName = Array("content-length:".utf8)
    private static let connectionName = Array("connection:".utf8)
    private static let close = Array("close".utf8)
    private static let keepAlive = Array("keep-alive".utf8)
    private static let transferEncodingName = Array("transfer-encoding:".utf8)

    /// The status code, 100 to 999.
    let status: Int
    /// The body's length, when the head tells it.
    private(set) var contentLength: Int?
    /// Whether the server closes the connection after the answer.
    private(set) var closesConnection = false

    /// Reads a head, from its status line to the blank line at its end.
    init(parsing bytes: borrowing Span<UInt8>, from start: Int, to end: Int) throws(ResponseParser.Fault) {
        guard end - start >= 16, bytes[start + 8] == 0x20,
            ResponseHead.hasPrefix(ResponseHead.statusLine, bytes, at: start),
            let status = ResponseHead.number(bytes, from: start + 9, to: start + 12), status >= 100
        else { throw ResponseParser.Fault(message: "the answer does not start with an HTTP/1.1 status line") }
        self.status = status
        self.closesConnection = bytes[start + 7] == UInt8(ascii: "0")
        var line = ResponseHead.lineEnd(bytes, from: start, to: end)
        while line < end {
            let next = ResponseHead.lineEnd(bytes, from: line, to: end)
            try readField(bytes, from: line, to: next)
            line = next
        }
    }

    /// Where the blank line ends that ends a head; `nil` when it isn't there yet.
    static func end(in bytes: borrowing Span<UInt8>, from start: Int) -> Int? {
        var position = start + 3
        while position < bytes.count {
            // Three of four positions are skipped by looking at what the last byte of four could be.
            switch bytes[position] {
            case 0x0A:
                if bytes[position - 1] == 0x0D, bytes[position - 2] == 0x0A, bytes[position - 3] == 0x0D {
                    return position + 1
                }
                position += 2
            case 0x0D: position += 1
            default: position += 4
            }
        }
        return nil
    }

    private mutating func readField(
        _ bytes: borrowing Span<UInt8>,
        from start: Int,
        to end: Int
    ) throws(ResponseParser.Fault) {
        switch bytes[start] | 0x20 {
        case UInt8(ascii: "c") where ResponseHead.hasPrefix(ResponseHead.contentLengthName, bytes, at: start):
            let length = ResponseHead.number(bytes, from: start + 15, to: end)
            guard let length, contentLength == nil || contentLength == length else {
                throw ResponseParser.Fault(message: "the answer's Content-Length is no number")
            }
            contentLength = length
        case UInt8(ascii: "c") where ResponseHead.hasPrefix(ResponseHead.connectionName, bytes, at: start):
            var value = start + 11
            while value < end, bytes[value] == 0x20 { value += 1 }
            if ResponseHead.hasPrefix(ResponseHead.close, bytes, at: value) { closesConnection = true }
            if ResponseHead.hasPrefix(ResponseHead.keepAlive, bytes, at: value) { closesConnection = false }
        case UInt8(ascii: "t") where ResponseHead.hasPrefix(ResponseHead.transferEncodingName, bytes, at: start):
            throw ResponseParser.Fault(
                message: "the answer comes in chunks; `apus bench` measures answers with a Content-Length"
            )
        default:
            break
        }
    }

    private static func lineEnd(_ bytes: borrowing Span<UInt8>, from start: Int, to end: Int) -> Int {
        var position = start
        while position < end, bytes[position] != 0x0A { position += 1 }
        return min(position + 1, end)
    }

    /// Compares with small letters, without regard to case.
    private static func hasPrefix(_ expected: [UInt8], _ bytes: borrowing Span<UInt8>, at start: Int) -> Bool {
        guard bytes.count - start >= expected.count else { return false }
        for index in expected.indices {
            let byte = bytes[start + index]
            let letter = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
            guard letter == expected[index] else { return false }
        }
        return true
    }

    /// Reads digits with blanks around them, nothing else; `nil` also where they leave `Int`.
    private static func number(_ bytes: borrowing Span<UInt8>, from start: Int, to end: Int) -> Int? {
        var (first, last) = (start, end)
        while first < last, bytes[first] == 0x20 || bytes[first] == 0x09 { first += 1 }
        while last > first, bytes[last - 1] <= 0x20 { last -= 1 }
        guard first < last, last - first <= 18 else { return nil }
        var value = 0
        for index in first..<last {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else { return nil }
            value = value * 10 + Int(bytes[index] - UInt8(ascii: "0"))
        }
        return value
    }
}
