internal import ApusCore
internal import ApusListener
internal import ApusProtocol

/// Which HTTP status each kind of failure has.
enum HTTPStatusTable {
    /// The status for a code.
    static func status(of code: InferenceError.Code) -> Int {
        switch code {
        case .invalidArgument, .alreadyExists, .cancelled, .failedPrecondition: 400
        case .unauthenticated: 401
        case .permissionDenied: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .tooLarge: 413
        case .unsupportedMediaType: 415
        case .unavailable, .resourceExhausted, .deadlineExceeded: 503
        case .unsupported: 501
        default: 500
        }
    }

    /// The whole answer for a failure.
    static func answer(to error: InferenceError) -> (HTTPResponseHead, [UInt8]) {
        var head = HTTPResponseHead(status: status(of: error.code))
        if head.status == 503 { head.fields.append(("Retry-After", "1")) }
        if error.field == "Content-Encoding", error.code == .unsupported {
            head.fields.append(("Accept-Encoding", "gzip, deflate"))
        }
        return (head, V2Documents.error(error))
    }

    /// The failure that stands for something that is no request.
    static func error(for fault: HTTPParsingFault) -> InferenceError {
        let code: InferenceError.Code =
            switch fault {
            case .bodyTooLarge, .headTooLarge, .tooManyFields: .tooLarge
            case .budgetExhausted: .resourceExhausted
            case .shuttingDown: .unavailable
            case .transferEncoding, .version, .expectation: .unsupported
            case .headTimeout, .bodyTimeout: .deadlineExceeded
            default: .invalidArgument
            }
        return InferenceError(code, fault.message)
    }
}
