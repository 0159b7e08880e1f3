internal import ApusCore

/// What an engine reported, for one load or one run.
package struct EngineError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    package struct Code: Hashable, Sendable {
        /// Safe for metrics: a closed set.
        package let label: String

        /// The engine's library isn't there.
        package static let libraryMissing = Code(label: "library_missing")
        /// The library is older than what is needed, or not what its name says.
        package static let libraryUnsuitable = Code(label: "library_unsuitable")
        /// The model's file can't be read.
        package static let unreadable = Code(label: "unreadable")
        /// The file isn't a model or breaks the format's rules.
        package static let invalidModel = Code(label: "invalid_model")
        /// The model needs something that this engine doesn't have.
        package static let unsupportedModel = Code(label: "unsupported_model")
        /// The inputs are such that the model can't run on them.
        package static let invalidInput = Code(label: "invalid_input")
        /// The run failed.
        package static let runFailed = Code(label: "run_failed")
        /// The run was terminated from outside.
        package static let terminated = Code(label: "terminated")
        /// The instance is gone, or in no state to run anything any more: its worker died, its device was lost.
        ///
        /// Says nothing of the request, which may be run again on another instance.
        package static let instanceLost = Code(label: "instance_lost")
        /// No memory.
        package static let outOfMemory = Code(label: "out_of_memory")
        /// Anything else that the library said.
        package static let other = Code(label: "other")
    }

    /// The kind.
    package let code: Code
    /// What happened, with the library's own words.
    package let message: String
    /// The library's code and words, when it was the library that failed.
    package let cause: (any Error)?

    /// Describes a failure.
    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
