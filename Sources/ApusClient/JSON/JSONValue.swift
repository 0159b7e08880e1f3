/// A JSON text as a tree, for the command line only; the server's way of a request never builds one.
///
/// Numbers stay text, so that a 64-bit integer or a float in its shortest form comes out as it went in. The bare
/// tokens `NaN`, `Infinity` and `-Infinity`, which v2 servers write, are numbers here.
package indirect enum JSONValue: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number as it is written.
    case number(String)
    /// Text, unescaped.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// Members in the order in which they are written.
    case object([JSONMember])

    /// The member of that name; the last one where it is written twice, `nil` in anything but an object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    /// The text, when this is a string.
    package var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The elements, when this is an array.
    package var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The integer, when this is a number that is written as one and fits.
    package var integer: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text)
    }

    /// What it is, in words for an error message.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// One name and value of an object.
package struct JSONMember: Sendable, Hashable {
    /// The name, unescaped.
    package let name: String
    /// The value.
    package let value: JSONValue

    /// Pairs a name with a value.
    package init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}
