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
    /// How the client finds the end of the body.
    var framing = Framing.length

    /// How a client finds the end of a body.
    enum Framing: Sendable {
        /// By `Content-Length`.
        case length
        /// By chunked transfer coding.
        case chunks
        /// By the end of the connection.
        case close
    }

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
        case 202: "Accepted"
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
