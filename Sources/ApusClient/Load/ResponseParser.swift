/// Reads the answers of an HTTP/1.1 server that is under load.
///
/// They come one at a time and have a `Content-Length`; the status is kept, the body only counted. For anything else
/// there is `HTTPConnection`.
package struct ResponseParser: Sendable {
    /// What is known of a whole answer.
    package struct Answer: Sendable, Hashable {
        /// The status code.
        package let status: Int
        /// Whether the server closes the connection after it.
        package let closesConnection: Bool
        /// The start of the body, for a status other than 200.
        package let excerpt: [UInt8]
    }

    /// Why an answer can't be followed.
    package struct Fault: Error, Sendable, Hashable {
        /// What is wrong with it.
        package let message: String
    }

    /// The longest head read, in bytes.
    static let maxHeadLength = 1 << 16
    /// The most that is kept of a body.
    static let maxExcerptLength = 1 << 10

    private var head: [UInt8] = []
    private var current: ResponseHead?
    private var bodyLeft = 0
    private var excerpt: [UInt8] = []

    /// Waits for an answer's first byte.
    package init() {}

    /// Reads on.
    ///
    /// - Parameter bytes: What came next on the connection, cut anywhere.
    /// - Returns: The answer when its last byte has come, else `nil`.
    /// - Throws: What can't be followed; the connection is of no use after it.
    package mutating func parse(_ bytes: borrowing Span<UInt8>) throws(Fault) -> Answer? {
        var position = 0
        while current == nil {
            guard let end = try takeHead(bytes, from: position) else { return nil }
            position = end
        }
        guard let head = current else { return nil }
        let count = min(bodyLeft, bytes.count - position)
        if head.status != 200 {
            for index in 0..<min(count, ResponseParser.maxExcerptLength - excerpt.count) {
                excerpt.append(bytes[position + index])
            }
        }
        bodyLeft -= count
        guard bodyLeft == 0 else { return nil }
        guard position + count == bytes.count else { throw Fault(message: "bytes follow after the answer's end") }
        defer {
            current = nil
            excerpt.removeAll(keepingCapacity: true)
        }
        return Answer(status: head.status, closesConnection: head.closesConnection, excerpt: excerpt)
    }

    /// Looks for the head's end and reads the head when it is there.
    ///
    /// - Returns: Where the bytes go on after the head; `nil` when more of it is to come.
    private mutating func takeHead(_ bytes: borrowing Span<UInt8>, from start: Int) throws(Fault) -> Int? {
        // The usual case needs no copy: the head lies in one piece.
        if head.isEmpty, let end = ResponseHead.end(in: bytes, from: start) {
            try begin(ResponseHead(parsing: bytes, from: start, to: end))
            return end
        }
        var position = start
        while position < bytes.count {
            head.append(bytes[position])
            position += 1
            guard head.count <= ResponseParser.maxHeadLength else {
                throw Fault(message: "the answer's head is longer than \(ResponseParser.maxHeadLength) bytes")
            }
            if head.last == 0x0A, head.suffix(4).elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) {
                try begin(ResponseHead(parsing: head.span, from: 0, to: head.count))
                head.removeAll(keepingCapacity: true)
                return position
            }
        }
        return nil
    }

    private mutating func begin(_ head: ResponseHead) throws(Fault) {
        // An interim answer (1xx) is followed by the real one.
        guard head.status >= 200 else { return }
        guard let length = head.contentLength ?? (head.status == 204 || head.status == 304 ? 0 : nil) else {
            throw Fault(message: "the answer has no Content-Length; `apus bench` measures answers that have one")
        }
        current = head
        bodyLeft = length
    }
}
