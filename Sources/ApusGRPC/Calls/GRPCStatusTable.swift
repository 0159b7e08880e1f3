package import ApusCore
package import GRPCCore

/// Which gRPC status each kind of failure has (CONTRACTS §7).
package enum GRPCStatusTable {
    /// The status for a code.
    package static func code(of code: InferenceError.Code) -> RPCError.Code {
        switch code {
        case .invalidArgument: .invalidArgument
        case .failedPrecondition: .failedPrecondition
        case .notFound: .notFound
        case .alreadyExists: .alreadyExists
        case .permissionDenied: .permissionDenied
        case .unauthenticated: .unauthenticated
        case .unavailable: .unavailable
        case .resourceExhausted, .tooLarge: .resourceExhausted
        case .deadlineExceeded: .deadlineExceeded
        case .cancelled: .cancelled
        case .unsupported, .methodNotAllowed: .unimplemented
        default: .internalError
        }
    }

    /// The error that ends a call.
    package static func error(for error: InferenceError) -> RPCError {
        RPCError(code: code(of: error.code), message: error.message, cause: error.cause)
    }

    /// The status of HTTP that counts a gRPC status: both edges share one metric.
    static func httpStatus(of code: RPCError.Code?) -> Int {
        switch code {
        case nil: 200
        case .invalidArgument?, .alreadyExists?, .failedPrecondition?, .outOfRange?: 400
        case .unauthenticated?: 401
        case .permissionDenied?: 403
        case .notFound?: 404
        case .cancelled?: 499
        case .unimplemented?: 501
        case .unavailable?, .resourceExhausted?, .deadlineExceeded?: 503
        default: 500
        }
    }
}
