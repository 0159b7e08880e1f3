/// Why one model or version isn't served.
package struct ModelError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    package struct Code: Hashable, Sendable {
        /// Safe for metrics: a closed set.
        package let label: String

        package static let illegalName = Code(label: "illegal_name")
        package static let noVersion = Code(label: "no_version")
        package static let noModelFile = Code(label: "no_model_file")
        package static let unreadable = Code(label: "unreadable")
        package static let unsafeFile = Code(label: "unsafe_file")
        package static let invalidConfiguration = Code(label: "invalid_configuration")
        package static let engineMissing = Code(label: "engine_missing")
        package static let loadFailed = Code(label: "load_failed")
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

/// Why the process can't start or go on.
package struct RuntimeFailure: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    package struct Code: Hashable, Sendable {
        /// Safe for metrics: a closed set.
        package let label: String

        package static let configuration = Code(label: "configuration")
        package static let repository = Code(label: "repository")
        package static let bind = Code(label: "bind")
        package static let engine = Code(label: "engine")
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
