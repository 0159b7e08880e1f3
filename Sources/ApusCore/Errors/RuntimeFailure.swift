/// Why the process can't start or go on.
package struct RuntimeFailure: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    package struct Code: Hashable, Sendable {
        /// Safe for metrics: a closed set.
        package let label: String

        /// A setting is wrong.
        package static let configuration = Code(label: "configuration")
        /// The model repository can't be used.
        package static let repository = Code(label: "repository")
        /// A port can't be listened on.
        package static let bind = Code(label: "bind")
        /// An engine can't be started.
        package static let engine = Code(label: "engine")
        /// The system has no thread, memory or descriptor left.
        package static let resource = Code(label: "resource")
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
