/// Why one request failed: a code, a sentence for people, facts for programs.
package struct InferenceError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure; each has a row in the HTTP and in the gRPC status table.
    package struct Code: Hashable, Sendable {
        /// Safe for metrics and for the `code` member of error bodies: a closed set.
        package let label: String

        /// The request breaks a rule of the protocol or doesn't fit the model.
        package static let invalidArgument = Code(label: "invalid_argument")
        /// The server isn't in the state that the request needs; asking again won't help by itself.
        package static let failedPrecondition = Code(label: "failed_precondition")
        /// No such model, version or path.
        package static let notFound = Code(label: "not_found")
        /// Something of that name is there already.
        package static let alreadyExists = Code(label: "already_exists")
        /// The caller is known and may not do this.
        package static let permissionDenied = Code(label: "permission_denied")
        /// The caller must first prove who asks.
        package static let unauthenticated = Code(label: "unauthenticated")
        /// Not now: it isn't ready, is going away, or has no room; asking again later may help.
        package static let unavailable = Code(label: "unavailable")
        /// No memory is left for the request.
        package static let resourceExhausted = Code(label: "resource_exhausted")
        /// The caller's own deadline has passed.
        package static let deadlineExceeded = Code(label: "deadline_exceeded")
        /// Nobody waits for the answer any more.
        package static let cancelled = Code(label: "cancelled")
        /// The protocol knows it and this server doesn't do it.
        package static let unsupported = Code(label: "unsupported")
        /// The request is larger than the configured limit.
        package static let tooLarge = Code(label: "too_large")
        /// The body is of a kind that isn't read.
        package static let unsupportedMediaType = Code(label: "unsupported_media_type")
        /// The path exists and the verb doesn't go with it.
        package static let methodNotAllowed = Code(label: "method_not_allowed")
        /// The engine failed on a request that fits its model.
        package static let engineFailure = Code(label: "engine_failure")
        /// A fault of the server's own.
        package static let internalFailure = Code(label: "internal")
    }

    /// The kind.
    package let code: Code
    /// What was expected, what came, where, what to do.
    package let message: String
    /// The member or tensor at fault, for example `inputs[0].shape`; empty when there is none.
    package var field: String
    /// What would have been right.
    package var expected: String
    /// What came instead.
    package var got: String
    /// What to do about it.
    package var hint: String
    /// The failure underneath.
    package var cause: (any Error)?

    /// Describes a failure; facts that don't apply stay empty.
    package init(
        _ code: Code,
        _ message: String,
        field: String = "",
        expected: String = "",
        got: String = "",
        hint: String = "",
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.field = field
        self.expected = expected
        self.got = got
        self.hint = hint
        self.cause = cause
    }

    package var description: String { "\(code.label): \(message)" }
}
