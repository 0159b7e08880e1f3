extension ModelConfiguration {
    /// Reads a configuration in the JSON form of `/config`, as load requests bring it.
    ///
    /// Strict: unknown fields are refused. Enumeration members may be in any case; 64-bit numbers may be strings; names may
    /// be as in `config.pbtxt` or in camel case.
    ///
    /// - Throws: What is wrong with it, without a place: JSON of programs has no lines that anybody could look at.
    package static func parse(json: String) throws(ModelConfigurationError) -> ModelConfiguration {
        let members: [JSONValue.Member]
        do throws(JSONFailure) {
            members = try JSONValue.parse(Array(json.utf8))
        } catch {
            throw ModelConfigurationError(.syntax, at: nil, "the configuration isn't readable as a JSON object")
        }
        let schema = ModelConfigurationSchema.modelConfig
        do throws(ModelConfigurationError) {
            let fields = try JSONFields(schema: schema, path: "").fields(of: members)
            return ModelConfiguration(message: try ModelConfigurationMessageReader.message(of: fields, schema: schema))
        } catch {
            throw ModelConfigurationError(error.code, at: nil, error.message)
        }
    }
}

/// Turns the members of a JSON object into the fields that a text of the same message would have.
private struct JSONFields {
    let schema: MessageSchema
    /// The names that lead here, with dots; empty for the outermost message.
    let path: String

    func fields(of members: [JSONValue.Member]) throws(ModelConfigurationError) -> [TextFormatField] {
        var fields: [TextFormatField] = []
        for member in members where member.value != .null {
            let name = schema.field(named: member.key) == nil ? member.key.snakeCased : member.key
            guard let field = schema.field(named: name) else {
                // Nothing that it could hold makes it known: the reader says so.
                let value = TextFormatValue(content: .message([]), position: .start)
                fields.append(TextFormatField(name: member.key, position: .start, values: [value], isList: false))
                continue
            }
            fields.append(try self.field(field, member.value))
        }
        return fields
    }

    private func field(_ field: FieldSchema, _ value: JSONValue) throws(ModelConfigurationError) -> TextFormatField {
        let place = path.isEmpty ? field.name : "\(path).\(field.name)"
        var values: [TextFormatValue] = []
        switch field.cardinality {
        case .singular:
            values = [try self.value(value, field.kind, place)]
        case .repeated:
            guard case .array(let elements) = value else { throw wrongType(place, "an array", value) }
            for element in elements { values.append(try self.value(element, field.kind, place)) }
        case .stringMap, .uint64Map:
            guard case .object(let entries) = value else { throw wrongType(place, "an object", value) }
            for entry in entries { values.append(try self.entry(entry, field, place)) }
        }
        let isList = field.cardinality != .singular
        return TextFormatField(name: field.name, position: .start, values: values, isList: isList)
    }

    private func entry(
        _ entry: JSONValue.Member,
        _ field: FieldSchema,
        _ place: String
    ) throws(ModelConfigurationError) -> TextFormatValue {
        let key: TextFormatValue.Content =
            field.cardinality == .stringMap
            ? .string(Array(entry.key.utf8)) : try number(entry.key, place)
        let fields = [
            TextFormatField(
                name: "key",
                position: .start,
                values: [TextFormatValue(content: key, position: .start)],
                isList: false
            ),
            TextFormatField(
                name: "value",
                position: .start,
                values: [try value(entry.value, field.kind, "\(place)['\(entry.key.prefix(64))']")],
                isList: false
            ),
        ]
        return TextFormatValue(content: .message(fields), position: .start)
    }

    private func value(
        _ value: JSONValue,
        _ kind: FieldSchema.Kind,
        _ place: String
    ) throws(ModelConfigurationError) -> TextFormatValue {
        TextFormatValue(content: try content(value, kind, place), position: .start)
    }

    private func content(
        _ value: JSONValue,
        _ kind: FieldSchema.Kind,
        _ place: String
    ) throws(ModelConfigurationError) -> TextFormatValue.Content {
        switch (kind, value) {
        case (.message(let schema), .object(let members)):
            return .message(try JSONFields(schema: schema, path: place).fields(of: members))
        case (.message, _):
            throw wrongType(place, "an object", value)
        case (.string, .string(let text)):
            return .string(Array(text.utf8))
        case (.bytes, .string(let text)):
            guard let bytes = Base64.bytes(of: text) else { throw wrongType(place, "bytes in base64", value) }
            return .string(bytes)
        case (.string, _), (.bytes, _): throw wrongType(place, "a string", value)
        case (.bool, .bool(let truth)):
            return .word(truth ? "true" : "false", isNegative: false)
        case (.bool, _):
            throw wrongType(place, "true or false", value)
        case (.enumeration(let schema), .string(let word)):
            let member = schema.members.first { $0.name.lowercased() == word.lowercased() }
            return .word(member?.name ?? word, isNegative: false)
        case (.int32, .string(let text)), (.int64, .string(let text)), (.uint32, .string(let text)),
            (.uint64, .string(let text)):
            return try number(text, place)
        case (.float, .string(let word)), (.double, .string(let word)):
            let isNegative = word.hasPrefix("-")
            return .word(String(isNegative ? word.dropFirst() : Substring(word)), isNegative: isNegative)
        case (_, .integer(let number)): return try self.number("\(number)", place)
        case (_, .unsigned(let number)): return try self.number("\(number)", place)
        case (_, .real(let number)):
            // 16.0 is sixteen, in JSON as in protobuf's reading of it.
            if let whole = Int64(exactly: number) { return try self.number("\(whole)", place) }
            let text = "\(number.magnitude)"
            return .number(TextFormatNumber(digits: text, notation: .fractional, isNegative: number < 0))
        default: throw wrongType(place, "a number", value)
        }
    }

    /// A whole number in decimal digits.
    private func number(_ text: String, _ place: String) throws(ModelConfigurationError) -> TextFormatValue.Content {
        let isNegative = text.hasPrefix("-")
        let digits = isNegative ? String(text.dropFirst()) : text
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw ModelConfigurationError(.wrongType, at: nil, "'\(place)' takes a whole number, found a string")
        }
        return .number(TextFormatNumber(digits: digits, notation: .decimal, isNegative: isNegative))
    }

    private func wrongType(_ place: String, _ expected: String, _ value: JSONValue) -> ModelConfigurationError {
        ModelConfigurationError(.wrongType, at: nil, "'\(place)' takes \(expected), found \(value.kindName)")
    }
}

extension String {
    /// `maxBatchSize` as `max_batch_size`.
    fileprivate var snakeCased: String {
        var text = ""
        for scalar in unicodeScalars {
            if ("A"..."Z").contains(scalar) {
                text += "_" + String(scalar).lowercased()
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
