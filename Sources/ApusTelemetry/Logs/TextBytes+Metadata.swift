internal import Logging

extension TextBytes {
    /// Adds metadata as JSON, keys sorted.
    mutating func append(json value: Logger.MetadataValue) {
        switch value {
        case .string(let plain):
            append(quoting: plain)
        case .stringConvertible(let described):
            append(quoting: described.description)
        case .array(let values):
            append(character: "[")
            for (position, element) in values.enumerated() {
                if position > 0 { append(character: ",") }
                append(json: element)
            }
            append(character: "]")
        case .dictionary(let entries):
            append(character: "{")
            for (position, key) in entries.keys.sorted().enumerated() {
                if position > 0 { append(character: ",") }
                append(quoting: key)
                append(character: ":")
                append(json: entries[key, default: ""])
            }
            append(character: "}")
        }
    }
}
