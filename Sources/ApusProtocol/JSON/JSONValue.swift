/// A JSON value as a tree: for documents of a few hundred values that are no inferences.
///
/// Tensors don't come this way: each value takes many times the memory of its text.
package enum JSONValue: Sendable, Equatable {
    /// A member of an object.
    package struct Member: Sendable, Equatable {
        /// Its name, escapes resolved.
        package let key: String
        /// What it holds.
        package let value: JSONValue

        /// Pairs a name with a value.
        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    case null
    case bool(Bool)
    /// A number without fraction that fits 64 bits with sign.
    case integer(Int64)
    /// A number without fraction that fits 64 bits only without sign.
    case unsigned(UInt64)
    case real(Double)
    case string(String)
    case array([JSONValue])
    /// Members in the order of the text; a key may come twice.
    case object([Member])

    /// The most values that a document may have unless its reader says otherwise.
    package static let maxValues = 10_000

    /// Reads a document whose root is an object.
    ///
    /// - Parameters:
    ///   - text: The text, in UTF-8.
    ///   - maxDepth: How deep it may be nested.
    ///   - maxValues: How many values it may have.
    /// - Returns: Its members, in their order.
    /// - Throws: What is wrong with it; `tooManyElements` for more values.
    package static func parse(
        _ text: some Collection<UInt8>,
        maxDepth: Int = 64,
        maxValues: Int = JSONValue.maxValues
    ) throws(JSONFailure) -> [Member] {
        guard let reader = JSONReader(maxDepth: maxDepth) else { throw JSONFailure(kind: .noMemory) }
        var padded: [UInt8] = []
        let byteCount = text.count
        // At once: an array that grows takes three times as much for a while.
        padded.reserveCapacity(byteCount + JSONReader.padding)
        padded.append(contentsOf: text)
        padded.append(contentsOf: repeatElement(0, count: JSONReader.padding))
        // Not `try` inside the closure: the function takes no typed throws.
        let outcome: Result<[Member], JSONFailure> = unsafe padded.withUnsafeBytes { bytes in
            do throws(JSONFailure) {
                try unsafe reader.begin(UnsafeRawBufferPointer(rebasing: bytes[..<byteCount]))
                var left = maxValues
                let members = try JSONValue.members(reader, &left)
                try reader.end()
                return .success(members)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// What the value is, for messages.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .unsigned, .real: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    private static func members(_ reader: JSONReader, _ left: inout Int) throws(JSONFailure) -> [Member] {
        var members: [Member] = []
        while try reader.nextMember() {
            let key = reader.key
            members.append(Member(key, try value(reader, &left)))
        }
        return members
    }

    private static func value(_ reader: JSONReader, _ left: inout Int) throws(JSONFailure) -> JSONValue {
        left -= 1
        guard left >= 0 else { throw JSONFailure(kind: .tooManyElements) }
        switch reader.kind {
        case .object:
            try reader.enterObject()
            return .object(try members(reader, &left))
        case .array:
            try reader.enterArray()
            var elements: [JSONValue] = []
            while try reader.nextElement() { elements.append(try value(reader, &left)) }
            return .array(elements)
        case .string: return .string(try reader.readString())
        case .bool: return .bool(try reader.readBool())
        case .number: return try number(reader)
        case .null:
            try reader.skip()
            return .null
        case .other:
            // A bare word: passing over it says what is wrong.
            try reader.skip()
            throw JSONFailure(kind: .syntax)
        }
    }

    /// The narrowest reading of a number: one that is no integer can still be read as another kind.
    private static func number(_ reader: JSONReader) throws(JSONFailure) -> JSONValue {
        if let number = try? reader.readInt64() { return .integer(number) }
        if let number = try? reader.readUInt64() { return .unsigned(number) }
        return .real(try reader.readDouble())
    }
}

extension [JSONValue.Member] {
    /// The value of a key, the last one if it comes twice.
    package subscript(key: String) -> JSONValue? {
        last { $0.key == key }?.value
    }
}
