extension InferenceError {
    /// The refusal of a text that no model can be called.
    ///
    /// - Parameters:
    ///   - field: Where the request has it.
    ///   - shown: As much of the text as may be shown; `nil` to show nothing of it.
    /// - Returns: An `invalidArgument` that says what a name may be.
    package static func illegalModelName(field: String, shown: String? = nil) -> InferenceError {
        let quoted = shown.map { " '\($0)'" } ?? ""
        return InferenceError(
            .invalidArgument,
            "illegal model name\(quoted): expected 1 to \(ModelName.maxLength) of A-Z, a-z, 0-9, '.', '_' and '-', "
                + "and not '.' or '..'",
            field: field,
            expected: "[A-Za-z0-9._-]{1,255}"
        )
    }
}
