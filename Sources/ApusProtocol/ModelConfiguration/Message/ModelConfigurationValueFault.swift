internal import ApusCore

/// Words the errors about one value that does not suit its field.
struct ModelConfigurationValueFault {
    /// What stands in the text.
    let value: TextFormatValue

    /// The names that lead to the field.
    let path: String

    /// The error for a value of another kind.
    func wrongType(_ wanted: String, _ advice: String) -> ModelConfigurationError {
        ModelConfigurationError(
            .wrongType,
            at: value.position,
            "'\(path)' takes \(wanted), found \(value.summary); \(advice)"
        )
    }

    /// The error for a number that the field can't hold.
    func outOfRange(_ lowest: String, _ highest: String) -> ModelConfigurationError {
        ModelConfigurationError(
            .outOfRange,
            at: value.position,
            "'\(path)' takes numbers from \(lowest) to \(highest), found \(value.summary)"
        )
    }

    /// The error for a name or number that the enumeration does not have.
    func unknownMember(of schema: EnumerationSchema) -> ModelConfigurationError {
        let names = schema.members.map(\.name)
        var advice = "allowed are \(names.joined(separator: ", "))"
        if case .word(let word, _) = value.content, let nearest = names.nearest(to: word) {
            advice = "did you mean \(nearest)? " + advice
        }
        return ModelConfigurationError(
            .unknownEnumerationValue,
            at: value.position,
            "'\(path)' has no value \(value.summary); \(advice)"
        )
    }
}
