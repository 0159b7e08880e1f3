/// A message whose fields are known to the schema and hold values of the right kind.
///
/// Reading a field that is not set gives the default of protobuf: zero, empty, the first enumeration member.
/// A name that the schema does not have reads as not set; the schema's tests cover the names that we use.
package struct ModelConfigurationMessage: Sendable, Equatable {
    /// What the message may hold.
    package let schema: MessageSchema

    /// The fields that are set, by name.
    private var fields: [String: ModelConfigurationField] = [:]

    /// A message with nothing set.
    package init(schema: MessageSchema) {
        self.schema = schema
    }

    /// Whether both say the same; where they say it does not count.
    package static func == (left: Self, right: Self) -> Bool {
        left.schema === right.schema && left.fields == right.fields
    }

    /// The fields that are set, in the order of the schema.
    package var setFields: [ModelConfigurationField] {
        schema.fields.compactMap { fields[$0.name] }
    }

    /// The field of that name, or nil when it is not set.
    package func field(_ name: String) -> ModelConfigurationField? {
        fields[name]
    }

    /// Puts values into a field, in place of those it has.
    mutating func set(_ schema: FieldSchema, _ elements: [ModelConfigurationField.Element], at position: TextPosition?)
    {
        fields[schema.name] = ModelConfigurationField(schema: schema, position: position, elements: elements)
    }

    /// Takes a field out; nothing happens when it isn't set.
    mutating func remove(_ name: String) {
        fields[name] = nil
    }

    /// Adds values behind those that a field has; the position stays that of the first.
    mutating func append(
        _ schema: FieldSchema,
        _ elements: [ModelConfigurationField.Element],
        at position: TextPosition?
    ) {
        fields[
            schema.name,
            default: ModelConfigurationField(schema: schema, position: position, elements: [])
        ].elements += elements
    }

    /// Puts a value in place of the one at an index of a field, if there is one.
    mutating func replace(_ schema: FieldSchema, at index: Int, with element: ModelConfigurationField.Element) {
        guard let count = fields[schema.name]?.elements.count, index < count else { return }
        fields[schema.name]?.elements[index] = element
    }
}
