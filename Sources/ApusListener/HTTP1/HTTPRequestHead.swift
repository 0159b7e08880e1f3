package import NIOCore

/// A request's line and header fields, as ranges into the bytes they came in.
///
/// Nothing is copied out and no string is made until somebody asks for one: an inference looks at two or three fields.
package struct HTTPRequestHead: Sendable {
    /// The verbs that the server tells apart.
    package enum Method: Sendable {
        case get
        case post
        case head
        case other
    }

    /// One header field: where its name and its value lie.
    package struct Field: Sendable {
        /// The name's bytes.
        package var name: Range<Int>
        /// The value's bytes, without the white space around it.
        package var value: Range<Int>
    }

    /// The line and the fields; ranges count from its reader index.
    package var bytes: ByteBuffer
    /// The verb.
    package var method = Method.other
    /// The verb's bytes.
    package var methodName = 0..<0
    /// The target's path, still percent-encoded.
    package var path = 0..<0
    /// The target's query, without the question mark.
    package var query = 0..<0
    /// HTTP/1.1; else 1.0.
    package var isVersion11 = true
    /// All fields in their order.
    package var fields: [Field] = []
    /// The declared length of the body; `nil` when none was declared.
    package var contentLength: Int?
    /// Whether the body comes in chunks.
    package var isChunked = false
    /// Whether the client wants to use the connection again.
    package var keepsAlive = true
    /// Whether the client waits for `100 Continue`.
    package var expectsContinue = false
    /// `Content-Encoding`, when there is one.
    package var contentEncoding: Range<Int>?
    /// `Accept-Encoding`, when there is one.
    package var acceptEncoding: Range<Int>?
    /// `Inference-Header-Content-Length`, when there is one.
    package var inferenceHeaderLength: Range<Int>?
    /// `Authorization`, when there is one.
    package var authorization: Range<Int>?
    /// The first `Apus-Timeout`, when there is one.
    package var timeout: Range<Int>?
    /// Whether `Apus-Timing` asks for the phases of the request.
    package var asksForTiming = false

    /// An empty head, to be filled by the parser.
    ///
    /// - Parameter bytes: What it holds until there is one: something empty.
    package init(bytes: ByteBuffer = ByteBuffer()) {
        self.bytes = bytes
    }

    /// The text of a range; bytes that aren't UTF-8 are replaced.
    package func text(_ range: Range<Int>) -> String {
        let start = bytes.readerIndex + range.lowerBound
        return bytes.getString(at: start, length: range.count) ?? ""
    }

    /// The decimal number that a range spells; `nil` when it spells anything else or doesn't fit.
    package func decimal(_ range: Range<Int>) -> Int? {
        bytes.readableBytesUInt8Span.decimal(range)
    }

    /// The path's bytes, percent-encoded as they came.
    package var pathBytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.readableBytesUInt8Span.extracting(path) }
    }

    /// Whether the path is spelt like this.
    package func hasPath(_ text: String) -> Bool {
        bytes.readableBytesUInt8Span.matches(text, path)
    }

    /// The verb as it was sent.
    package var verb: String { text(methodName) }

    /// Forgets the last request but keeps the memory.
    mutating func reset() {
        var fresh = HTTPRequestHead(bytes: bytes)
        swap(&fresh.fields, &fields)
        fresh.fields.removeAll(keepingCapacity: true)
        self = fresh
    }
}
