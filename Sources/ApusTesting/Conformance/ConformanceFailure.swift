/// A requirement that an implementation doesn't meet.
package struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
    /// What was expected and what came.
    package let message: String
    /// What was thrown where nothing should have been.
    package let cause: (any Error)?

    /// Describes a failure.
    init(_ message: String, cause: (any Error)? = nil) {
        self.message = message
        self.cause = cause
    }

    package var description: String {
        cause.map { "\(message): \($0)" } ?? message
    }
}
