/// Why bytes on a connection are no request; the connection can't be used further.
package enum HTTPParsingFault: Error, Hashable, Sendable {
    case requestLine
    case version
    case target
    case fieldLine
    case headTooLarge
    case tooManyFields
    case contentLength
    case conflictingLength
    case repeatedField
    case transferEncoding
    case host
    case expectation
    case chunk
    case bodyTooLarge
    case budgetExhausted
    case headTimeout
    case bodyTimeout
    case shuttingDown

    /// The status to answer with.
    package var status: Int {
        switch self {
        case .headTooLarge, .tooManyFields: 431
        case .transferEncoding: 501
        case .version: 505
        case .expectation: 417
        case .bodyTooLarge: 413
        case .budgetExhausted, .shuttingDown: 503
        case .headTimeout, .bodyTimeout: 408
        default: 400
        }
    }

    /// What was expected and what to do.
    package var message: String {
        switch self {
        case .requestLine: "malformed request line: expected 'VERB /path HTTP/1.1'"
        case .version: "unsupported HTTP version: expected HTTP/1.1 or HTTP/1.0"
        case .target: "malformed request target: expected a path that starts with '/'"
        case .fieldLine: "malformed header field: expected 'Name: value' on one line, without control characters"
        case .headTooLarge: "the request's header fields are too large"
        case .tooManyFields: "the request has too many header fields"
        case .contentLength: "malformed Content-Length: expected one decimal number"
        case .repeatedField:
            "Authorization, Content-Encoding or Inference-Header-Content-Length came twice: expected each once"
        case .conflictingLength: "Content-Length and Transfer-Encoding can't be given together"
        case .transferEncoding: "unsupported Transfer-Encoding: expected 'chunked'"
        case .host: "expected exactly one Host header field"
        case .expectation: "unsupported Expect: expected '100-continue'"
        case .chunk: "malformed chunked body"
        case .bodyTooLarge: "the request's body is larger than the server's limit"
        case .budgetExhausted: "the server holds as many request bytes as it may; try again later"
        case .headTimeout: "the request's header fields did not arrive in time"
        case .shuttingDown: "the server is shutting down; try another one"
        case .bodyTimeout: "the request's body did not arrive in time"
        }
    }
}
