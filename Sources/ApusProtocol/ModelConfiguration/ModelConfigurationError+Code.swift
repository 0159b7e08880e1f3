extension ModelConfigurationError {
    /// The kinds of fault; `label` is safe as a metric label.
    package struct Code: Sendable, Hashable {
        /// The stable name of this kind.
        package let label: String

        /// The text is not protobuf text format.
        package static let syntax = Code(label: "syntax")
        /// The text is larger, deeper or longer than a configuration may be.
        package static let limitExceeded = Code(label: "limit_exceeded")
        /// No field of that name exists in the message.
        package static let unknownField = Code(label: "unknown_field")
        /// A field that takes one value was given twice.
        package static let duplicateField = Code(label: "duplicate_field")
        /// Two fields were set of which only one may be set.
        package static let conflictingFields = Code(label: "conflicting_fields")
        /// The value is of another kind than the field.
        package static let wrongType = Code(label: "wrong_type")
        /// The number does not fit the field.
        package static let outOfRange = Code(label: "out_of_range")
        /// The enumeration has no such member.
        package static let unknownEnumerationValue = Code(label: "unknown_enumeration_value")
        /// Each field is well formed, but the values break a rule.
        package static let invalidValue = Code(label: "invalid_value")
        /// A field that the rest of the configuration needs is absent.
        package static let missingField = Code(label: "missing_field")
    }
}
