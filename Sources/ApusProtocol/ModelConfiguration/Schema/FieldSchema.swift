/// What one field of a message may hold.
package struct FieldSchema: Sendable {
    /// The type of one value.
    package enum Kind: Sendable {
        /// Whole numbers of 32 bits with sign.
        case int32
        /// Whole numbers of 64 bits with sign.
        case int64
        /// Whole numbers of 32 bits without sign.
        case uint32
        /// Whole numbers of 64 bits without sign.
        case uint64
        /// `true` or `false`.
        case bool
        /// Floating-point numbers of 32 bits.
        case float
        /// Floating-point numbers of 64 bits.
        case double
        /// Text in UTF-8.
        case string
        /// Any bytes.
        case bytes
        /// One of named numbers.
        case enumeration(EnumerationSchema)
        /// Fields of their own.
        case message(MessageSchema)
    }

    /// How many values the field may hold.
    package enum Cardinality: Sendable {
        /// At most one.
        case singular
        /// Any number, in order.
        case repeated
        /// One for each key; the keys are strings.
        case stringMap
        /// One for each key; the keys are whole numbers of 64 bits without sign.
        case uint64Map
    }

    /// The name in the text and in JSON.
    package let name: String

    /// The number in the binary encoding.
    package let number: Int

    /// The type of one value; of a map, the type of what the keys lead to.
    package let kind: Kind

    /// How many values.
    package let cardinality: Cardinality

    /// The choice this field belongs to, of which only one member may be set; nil for none.
    package let oneof: String?

    /// What one entry of a map looks like in the text, a message with `key` and `value`; nil when the field is no map.
    package let entry: MessageSchema?

    /// Describes a field; the order of the arguments is that of a line in a `.proto` file, read from the name on.
    init(
        _ name: String,
        _ number: Int,
        _ kind: Kind,
        _ cardinality: Cardinality = .singular,
        oneof: String? = nil
    ) {
        self.name = name
        self.number = number
        self.kind = kind
        self.cardinality = cardinality
        self.oneof = oneof
        let keyKind: Kind? =
            switch cardinality {
            case .singular, .repeated: nil
            case .stringMap: .string
            case .uint64Map: .uint64
            }
        entry = keyKind.map {
            MessageSchema("\(name) entry", [FieldSchema("key", 1, $0), FieldSchema("value", 2, kind)])
        }
    }

    /// What a reader sees when a singular field is not set; nil for messages, which are absent then.
    package var defaultValue: ModelConfigurationValue? {
        switch kind {
        case .int32, .int64: .signed(0)
        case .uint32, .uint64: .unsigned(0)
        case .bool: .boolean(false)
        case .float: .float(0)
        case .double: .double(0)
        case .string: .string("")
        case .bytes: .bytes([])
        case .enumeration(let schema): schema.defaultMember.map { .enumeration($0) }
        case .message: nil
        }
    }
}
