/// A fault of one model configuration, with the place in its text where it stands.
///
/// The message is written for the person who wrote the file: what was expected, what came, what to do.
/// It never holds more than a short, escaped excerpt of the file, so it may go into logs and answers.
package struct ModelConfigurationError: Error, Sendable, Equatable {
    /// The kind of fault, from a closed set.
    package let code: Code

    /// What was expected, what came and how to mend it; no position, no trailing full stop.
    package let message: String

    /// The line in the text, counted from one; nil when the fault has no place in a text.
    package let line: Int?

    /// The character in the line, counted from one; nil when the fault has no place in a text.
    package let column: Int?

    /// Makes an error that points to a place, or to none.
    init(_ code: Code, at position: TextPosition?, _ message: String) {
        self.code = code
        self.message = message
        self.line = position?.line
        self.column = position?.column
    }
}

extension ModelConfigurationError: CustomStringConvertible {
    /// The message with its position in front, as compilers print it: `3:14: message`.
    package var description: String {
        guard let line, let column else { return message }
        return "\(line):\(column): \(message)"
    }
}
