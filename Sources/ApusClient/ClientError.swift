/// Why a command couldn't do what it was asked for: a kind, and a sentence that says what to do.
package struct ClientError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    package struct Code: Hashable, Sendable {
        /// A stable name: a closed set.
        package let label: String

        /// Nothing listens where the server should be.
        package static let unreachable = Code(label: "unreachable")
        /// The server took too long.
        package static let timeout = Code(label: "timeout")
        /// The server understood and said no.
        package static let refused = Code(label: "refused")
        /// The server's answer can't be read.
        package static let invalidAnswer = Code(label: "invalid_answer")
        /// The input doesn't fit the model, or can't be read.
        package static let invalidInput = Code(label: "invalid_input")
        /// An option's value makes no sense.
        package static let invalidOption = Code(label: "invalid_option")
        /// A file can't be read or written.
        package static let file = Code(label: "file")
    }

    /// The kind.
    package let code: Code
    /// What was expected, what came, where, what to do.
    package let message: String
    /// The failure underneath.
    package let cause: (any Error)?

    /// Describes a failure.
    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
