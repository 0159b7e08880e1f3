/// One field as it stands in a text: a name with a value or with a list of values.
package struct TextFormatField: Sendable, Equatable {
    /// The name, not yet known to mean anything.
    package let name: String

    /// Where the name begins.
    package let position: TextPosition

    /// The values; exactly one unless they stood in square brackets.
    package let values: [TextFormatValue]

    /// Whether the values stood in square brackets.
    package let isList: Bool
}
