extension ModelConfigurationMessage {
    /// Sets a field to one value that comes from no text; a field that is there already keeps its position.
    ///
    /// The name and the kind of the value are ours, not a caller's, so a wrong one is a bug that the tests show.
    mutating func assign(_ name: String, _ value: ModelConfigurationValue) {
        guard let schema = schema.field(named: name) else {
            assertionFailure("\(self.schema.name) has no field \(name)")
            return
        }
        set(schema, [.init(key: nil, value: value, position: nil)], at: position(of: name))
    }

    /// Adds one value that comes from no text to a repeated field, in a map under a key.
    mutating func append(_ name: String, key: String? = nil, _ value: ModelConfigurationValue) {
        guard let schema = schema.field(named: name) else {
            assertionFailure("\(self.schema.name) has no field \(name)")
            return
        }
        append(schema, [.init(key: key, value: value, position: nil)], at: nil)
    }
}
