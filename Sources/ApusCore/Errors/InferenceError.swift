/// Why one request failed: a code, a sentence for people, facts for programs.
package struct InferenceError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure; each has a row in the HTTP and in the gRPC status table.
    package struct Code: Hashable, Sendable {
        /// Safe for metrics and for the `code` member of error bodies: a closed set.
        package let label: String

        package static let invalidArgument = Code(label: "invalid_argument")
        package static let notFound = Code(label: "not_found")
        package static let alreadyExists = Code(label: "already_exists")
        package static let permissionDenied = Code(label: "permission_denied")
        package static let unauthenticated = Code(label: "unauthenticated")
        package static let unavailable = Code(label: "unavailable")
        package static let resourceExhausted = Code(label: "resource_exhausted")
        package static let deadlineExceeded = Code(label: "deadline_exceeded")
        package static let cancelled = Code(label: "cancelled")
        package static let unsupported = Code(label: "unsupported")
        package static let tooLarge = Code(label: "too_large")
        package static let methodNotAllowed = Code(label: "method_not_allowed")
        package static let engineFailure = Code(label: "engine_failure")
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
