package import NIOCore

/// One request as it goes out.
package struct HTTPCall: Sendable {
    /// The verb.
    package var method: String
    /// Where it goes.
    package var origin: HTTPOrigin
    /// Path and query, encoded.
    package var target: String
    /// The fields; `host` and the body's length are added.
    package var fields: [HTTPField]
    /// The body; `nil` for none.
    package var body: ByteBuffer?
    /// How long it may take, in nanoseconds.
    package var time: Int64

    /// Describes a request.
    package init(
        method: String,
        origin: HTTPOrigin,
        target: String,
        fields: [HTTPField] = [],
        body: ByteBuffer? = nil,
        time: Int64 = 60_000_000_000
    ) {
        self.method = method
        self.origin = origin
        self.target = target
        self.fields = fields
        self.body = body
        self.time = time
    }
}

/// The beginning of an answer.
package struct HTTPAnswerHead: Sendable {
    /// The status.
    package let status: Int
    /// The fields, names in any case.
    package let fields: [HTTPField]

    /// Describes an answer.
    package init(status: Int, fields: [HTTPField]) {
        self.status = status
        self.fields = fields
    }

    /// The first value of a field, by its name in lower case.
    package subscript(name: String) -> String? {
        fields.first { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name }?.value
    }

    /// The length that is announced; `nil` when none is, or it can't be read.
    package var contentLength: Int? {
        self["content-length"].flatMap { text in
            text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
        }
    }

    /// The entity tag without its quotes; a weak one keeps its `W/`.
    package var entityTag: String? {
        guard let text = self["etag"] else { return nil }
        return HTTPAnswerHead.unquoted(text)
    }

    /// A tag's text without quotes.
    package static func unquoted(_ text: String) -> String {
        let isWeak = text.hasPrefix("W/")
        let bare = text.dropFirst(isWeak ? 2 : 0)
        guard bare.utf8.count >= 2, bare.hasPrefix("\""), bare.hasSuffix("\"") else { return text }
        return (isWeak ? "W/" : "") + bare.dropFirst().dropLast()
    }
}

/// A whole answer; its body is empty when a `BodySink` took it.
package struct HTTPAnswer: Sendable {
    /// Status and fields.
    package let head: HTTPAnswerHead
    /// The collected body.
    package let body: [UInt8]

    /// Describes an answer.
    package init(head: HTTPAnswerHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}
