internal import ApusCore

/// Checks a tree of fields against the schema and turns it into a message of typed values.
///
/// It stops at the first fault: one misspelt brace or field makes everything after it doubtful.
struct ModelConfigurationMessageReader {
    /// What the fields may be.
    private let schema: MessageSchema

    /// The names that lead from the outermost message to this one, with dots; empty for the outermost.
    private let path: String

    /// What is read so far.
    private var message: ModelConfigurationMessage

    /// The member that is set of each choice.
    private var oneofMembers: [String: String] = [:]

    /// The index of each key among the elements of each map.
    private var keyIndexes: [String: [String: Int]] = [:]

    /// Starts with an empty message.
    private init(schema: MessageSchema, path: String) {
        self.schema = schema
        self.path = path
        message = ModelConfigurationMessage(schema: schema)
    }

    /// The message that the fields make up.
    static func message(
        of fields: [TextFormatField],
        schema: MessageSchema,
        path: String = ""
    ) throws(ModelConfigurationError) -> ModelConfigurationMessage {
        var reader = ModelConfigurationMessageReader(schema: schema, path: path)
        for field in fields {
            try reader.add(field)
        }
        return reader.message
    }

    /// Adds one field of the text.
    private mutating func add(_ field: TextFormatField) throws(ModelConfigurationError) {
        guard let fieldSchema = schema.field(named: field.name) else { throw unknown(field) }
        let fieldPath = path.isEmpty ? field.name : "\(path).\(field.name)"
        try checkOneof(field, fieldSchema)
        switch fieldSchema.cardinality {
        case .singular:
            try addSingular(field, fieldSchema, fieldPath)
        case .repeated:
            var elements: [ModelConfigurationField.Element] = []
            for value in field.values {
                let typed = try ModelConfigurationValue(value, kind: fieldSchema.kind, path: fieldPath)
                elements.append(.init(key: nil, value: typed, position: value.position))
            }
            message.append(fieldSchema, elements, at: field.position)
        case .stringMap, .uint64Map:
            message.append(fieldSchema, [], at: field.position)
            for value in field.values {
                try addEntry(value, fieldSchema, fieldPath)
            }
        }
    }

    /// Adds a field that takes one value.
    private mutating func addSingular(
        _ field: TextFormatField,
        _ fieldSchema: FieldSchema,
        _ fieldPath: String
    ) throws(ModelConfigurationError) {
        if let first = message.field(field.name) {
            let place = first.position.map { " at \($0.line):\($0.column)" } ?? ""
            throw ModelConfigurationError(
                .duplicateField,
                at: field.position,
                "'\(fieldPath)' is already set\(place) and takes one value; remove one of the two"
            )
        }
        guard !field.isList, let value = field.values.first else {
            throw ModelConfigurationError(
                .wrongType,
                at: field.position,
                "'\(fieldPath)' takes one value, found a list; remove the square brackets"
            )
        }
        let typed = try ModelConfigurationValue(value, kind: fieldSchema.kind, path: fieldPath)
        message.set(fieldSchema, [.init(key: nil, value: typed, position: value.position)], at: field.position)
    }

    /// Refuses the second member of a choice.
    private mutating func checkOneof(
        _ field: TextFormatField,
        _ fieldSchema: FieldSchema
    ) throws(ModelConfigurationError) {
        guard let oneof = fieldSchema.oneof else { return }
        if let other = oneofMembers[oneof], other != field.name {
            let place = message.position(of: other).map { " at \($0.line):\($0.column)" } ?? ""
            throw ModelConfigurationError(
                .conflictingFields,
                at: field.position,
                "only one of \(oneof) may be set: found \(field.name.quotedExcerpt), "
                    + "but \(other.quotedExcerpt) is set\(place); remove one of the two"
            )
        }
        oneofMembers[oneof] = field.name
    }

    /// The error for a name that this message does not have.
    private func unknown(_ field: TextFormatField) -> ModelConfigurationError {
        let names = schema.fields.map(\.name)
        let advice =
            if let nearest = names.nearest(to: field.name) {
                "did you mean \(nearest.quotedExcerpt)?"
            } else if names.isEmpty {
                "it has no fields"
            } else {
                "its fields are \(names.joined(separator: ", "))"
            }
        let place = path.isEmpty ? "a model configuration" : "'\(path)'"
        return ModelConfigurationError(
            .unknownField,
            at: field.position,
            "\(place) has no field \(field.name.quotedExcerpt); \(advice)"
        )
    }
}

extension ModelConfigurationMessageReader {
    /// Adds one entry of a map, a message with `key` and `value`.
    private mutating func addEntry(
        _ entry: TextFormatValue,
        _ map: FieldSchema,
        _ mapPath: String
    ) throws(ModelConfigurationError) {
        guard case .message(let fields) = entry.content, let entrySchema = map.entry else {
            throw ModelConfigurationError(
                .wrongType,
                at: entry.position,
                "'\(mapPath)' is a map, found \(entry.summary); write \(map.name) { key: … value: … }"
            )
        }
        let typed = try Self.message(of: fields, schema: entrySchema, path: mapPath)
        // An entry without a value leads to an empty one, as in protobuf.
        guard let value = typed.values("value").first ?? map.emptyValue else { return }
        let key = map.cardinality == .uint64Map ? String(typed.unsigned("key")) : typed.string("key")
        let element = ModelConfigurationField.Element(key: key, value: value, position: entry.position)
        // As in protobuf, a later entry takes the place of an earlier one with the same key.
        if let index = keyIndexes[map.name]?[key] {
            message.replace(map, at: index, with: element)
        } else {
            keyIndexes[map.name, default: [:]][key] = message.field(map.name)?.elements.count ?? 0
            message.append(map, [element], at: nil)
        }
    }
}

extension FieldSchema {
    /// The value without anything set: the default, or an empty message.
    fileprivate var emptyValue: ModelConfigurationValue? {
        if case .message(let schema) = kind {
            return .message(ModelConfigurationMessage(schema: schema))
        }
        return defaultValue
    }
}
