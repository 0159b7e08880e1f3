internal import ApusCore
internal import ApusListener

/// Which HTTP status each kind of failure has for TensorFlow Serving's clients.
enum TensorFlowStatusTable {
    /// The status for a code.
    static func status(of code: InferenceError.Code) -> Int {
        switch code {
        case .alreadyExists: 409
        case .cancelled: 499
        case .resourceExhausted: 429
        case .deadlineExceeded: 504
        default: HTTPStatusTable.status(of: code)
        }
    }

    /// The whole answer for a failure.
    static func answer(to error: InferenceError) -> (HTTPResponseHead, [UInt8]) {
        var (head, bytes) = HTTPStatusTable.answer(to: error)
        head.status = status(of: error.code)
        return (head, bytes)
    }
}

extension WireForm {
    /// The whole answer for a failure, in the protocol's own form.
    func answer(to error: InferenceError) -> (HTTPResponseHead, [UInt8]) {
        isTensorFlow ? TensorFlowStatusTable.answer(to: error) : HTTPStatusTable.answer(to: error)
    }
}
