package import NIOCore

/// What an answer says before its body.
package struct HTTPResponseHead: Sendable {
    /// The status code.
    package var status: Int
    /// The media type of the body.
    package var contentType: String
    /// `gzip` or `deflate`; `nil` for a body as it is.
    package var contentEncoding: String?
    /// Bytes of the JSON part of a body with binary tensors.
    package var inferenceHeaderLength: Int?
    /// More fields; names and values without control characters.
    package var fields: [(name: String, value: String)]
    /// Whether the connection ends with this answer.
    package var closes: Bool
    /// Whether the client must be told that it doesn't end, as HTTP/1.0 wants.
    var confirmsKeepAlive = false

    /// Describes an answer; JSON unless said otherwise.
    package init(
        status: Int,
        contentType: String = HTTPResponseHead.json,
        fields: [(name: String, value: String)] = [],
        closes: Bool = false
    ) {
        self.status = status
        self.contentType = contentType
        self.contentEncoding = nil
        self.inferenceHeaderLength = nil
        self.fields = fields
        self.closes = closes
    }

    /// The media type of JSON.
    package static let json = "application/json"
    /// The media type of JSON with binary tensors behind it.
    package static let binary = "application/octet-stream"

    /// The reason phrase of a status.
    package static func phrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 499: "Client Closed Request"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}

/// A body in the making, with room in front of it for the head, so that both leave in one write.
///
/// Not copyable, so that its memory has one owner and writing never copies it.
package struct HTTPResponseBody: ~Copyable, Sendable {
    /// Bytes kept free for the head.
    static let room = 512
    /// The body; written behind its writer index.
    package var buffer: ByteBuffer

    /// Starts a body in memory that may have been used before.
    init(reusing buffer: consuming ByteBuffer, room: Int = HTTPResponseBody.room) {
        var buffer = buffer
        buffer.clear(minimumCapacity: room)
        buffer.moveWriterIndex(to: room)
        buffer.moveReaderIndex(to: room)
        self.buffer = buffer
    }

    /// Bytes of the body so far.
    package var byteCount: Int { buffer.readableBytes }

    /// Puts the head in front of the body.
    ///
    /// - Returns: Everything that goes over the wire.
    consuming func encoded(with head: HTTPResponseHead, date: String, omitsBody: Bool) -> ByteBuffer {
        let length = String(buffer.readableBytes)
        if omitsBody { buffer.moveWriterIndex(to: HTTPResponseBody.room) }
        var fieldBytes = 0
        for field in head.fields { fieldBytes += field.name.utf8.count + field.value.utf8.count + 4 }
        // What isn't a caller's own field takes less than 300 bytes.
        guard fieldBytes <= HTTPResponseBody.room - 300 else {
            var large = HTTPResponseBody(reusing: ByteBuffer(), room: fieldBytes + 300)
            large.buffer.writeBuffer(&buffer)
            return large.prepending(head, date: date, length: length)
        }
        return prepending(head, date: date, length: length)
    }

    /// Writes the head backwards from the body's start, so that nothing needs to be measured first.
    private consuming func prepending(_ head: HTTPResponseHead, date: String, length: String) -> ByteBuffer {
        prepend("\r\n\r\n")
        if head.closes {
            prepend("\r\nConnection: close")
        } else if head.confirmsKeepAlive {
            prepend("\r\nConnection: keep-alive")
        }
        for field in head.fields.reversed() {
            prepend(field.value)
            prepend(": ")
            prepend(field.name)
            prepend("\r\n")
        }
        if let encoding = head.contentEncoding {
            prepend("\r\nVary: Accept-Encoding")
            prepend(encoding)
            prepend("\r\nContent-Encoding: ")
        }
        if let length = head.inferenceHeaderLength {
            prepend(String(length))
            prepend("\r\nInference-Header-Content-Length: ")
        }
        prepend(date)
        prepend("\r\nDate: ")
        prepend(length)
        if head.status == 200, head.contentType == HTTPResponseHead.json {
            prepend("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ")
            return buffer
        }
        prepend("\r\nContent-Length: ")
        prepend(head.contentType)
        prepend("\r\nContent-Type: ")
        prepend(HTTPResponseHead.phrase(head.status))
        prepend("HTTP/1.1 \(head.status) ")
        return buffer
    }

    private mutating func prepend(_ text: String) {
        let start = buffer.readerIndex - text.utf8.count
        buffer.setString(text, at: start)
        buffer.moveReaderIndex(to: start)
    }
}
