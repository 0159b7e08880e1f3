internal import ApusCore

extension JSONWriter {
    /// Checks that every element of a BYTES output can stand in a JSON string.
    ///
    /// - Parameters:
    ///   - output: The output.
    ///   - form: What it is to be given as.
    ///   - hint: How else the client may get it.
    /// - Throws: `invalidArgument` for an element that isn't UTF-8.
    static func checkText(
        _ output: NamedTensor,
        as form: StaticString = "JSON",
        hint: @autoclosure () -> String
    ) throws(InferenceError) {
        guard let index = firstElementThatIsNoText(in: output.tensor) else { return }
        throw InferenceError(
            .invalidArgument,
            "output '\(output.name)' can't be given as \(form): element \(index) is not UTF-8",
            field: output.name,
            hint: hint()
        )
    }
}
