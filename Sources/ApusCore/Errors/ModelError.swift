/// Why one model or version isn't served.
package struct ModelError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    package struct Code: Hashable, Sendable {
        /// Safe for metrics: a closed set.
        package let label: String

        /// The folder's name can't be a model's name.
        package static let illegalName = Code(label: "illegal_name")
        /// There is no version that could be served.
        package static let noVersion = Code(label: "no_version")
        /// The version's folder holds no model file that an engine takes.
        package static let noModelFile = Code(label: "no_model_file")
        /// The system doesn't let it be read.
        package static let unreadable = Code(label: "unreadable")
        /// The source that it comes from doesn't answer; may go well later.
        package static let unreachable = Code(label: "unreachable")
        /// It isn't there whole yet: somebody is still writing it.
        package static let incomplete = Code(label: "incomplete")
        /// Its files aren't what its manifest says, or nobody who is trusted has signed it.
        package static let untrusted = Code(label: "untrusted")
        /// It is no regular file, or leads out of the repository.
        package static let unsafeFile = Code(label: "unsafe_file")
        /// The configuration is wrong, or contradicts the model.
        package static let invalidConfiguration = Code(label: "invalid_configuration")
        /// The engine that it needs isn't there.
        package static let engineMissing = Code(label: "engine_missing")
        /// A model that it needs isn't there or can't be served.
        package static let dependencyFailed = Code(label: "dependency_failed")
        /// The engine refused it.
        package static let loadFailed = Code(label: "load_failed")
    }

    /// The kind.
    package let code: Code
    /// What was expected, what came, where, what to do.
    package let message: String
    /// What to type to mend it, in a few lines; empty when the message says it all.
    package let hint: String
    /// The failure underneath.
    package let cause: (any Error)?

    /// Describes a failure.
    package init(_ code: Code, _ message: String, hint: String = "", cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }

    package var description: String { message }
}
