/// A field that is set, with all its values.
package struct ModelConfigurationField: Sendable {
    /// One value, the key that leads to it if the field is a map, and where it stands.
    package struct Element: Sendable {
        /// The key of a map, as JSON prints it; nil when the field is no map.
        package var key: String?

        /// The value.
        package var value: ModelConfigurationValue

        /// Where the value begins; nil when it came from no text.
        package var position: TextPosition?
    }

    /// What the field may hold.
    package let schema: FieldSchema

    /// Where its name first stands; nil when it came from no text.
    package let position: TextPosition?

    /// The values in the order of the text; a singular field has exactly one.
    package internal(set) var elements: [Element]
}

extension ModelConfigurationField: Equatable {
    /// Whether both say the same; where they say it does not count.
    package static func == (left: Self, right: Self) -> Bool {
        left.schema.number == right.schema.number && left.elements == right.elements
    }
}

extension ModelConfigurationField.Element: Equatable {
    /// Whether both say the same; where they say it does not count.
    package static func == (left: Self, right: Self) -> Bool {
        left.key == right.key && left.value == right.value
    }
}
