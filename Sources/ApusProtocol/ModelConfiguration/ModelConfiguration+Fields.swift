extension ModelConfiguration {
    /// The dotted paths of all fields that the file sets but nothing acts on, in the order of the schema.
    ///
    /// A path in `supported` covers everything below it. Of a message that nothing acts on only the message is
    /// given, not its fields: `model_warmup`, but `dynamic_batching.preserve_ordering` if other fields of
    /// `dynamic_batching` are supported. Elements of lists and keys of maps do not appear in paths.
    package func unsupportedFields(supported: Set<String>) -> [String] {
        var ancestors: Set<String> = []
        for path in supported {
            for (index, character) in zip(path.indices, path) where character == "." {
                ancestors.insert(String(path[..<index]))
            }
        }
        var found: [String] = []
        Self.collect(from: message, prefix: "", supported, ancestors, into: &found)
        var seen: Set<String> = []
        return found.filter { seen.insert($0).inserted }
    }

    /// The top-level fields in which this configuration differs from another, such as an older one of the same model.
    package func changedFields(from other: ModelConfiguration) -> Set<String> {
        Set(message.schema.fields.map(\.name).filter { message.field($0) != other.message.field($0) })
    }

    /// Adds the unsupported paths of one message; fields without a position were set by the server, not by the file.
    private static func collect(
        from message: ModelConfigurationMessage,
        prefix: String,
        _ supported: Set<String>,
        _ ancestors: Set<String>,
        into found: inout [String]
    ) {
        for field in message.setFields where field.position != nil {
            let path = prefix + field.schema.name
            if supported.contains(path) {
                continue
            }
            guard ancestors.contains(path) else {
                found.append(path)
                continue
            }
            for element in field.elements {
                guard case .message(let inner) = element.value else { continue }
                collect(from: inner, prefix: path + ".", supported, ancestors, into: &found)
            }
        }
    }
}
