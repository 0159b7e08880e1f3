/// The fields that one kind of message may hold.
package final class MessageSchema: Sendable {
    /// The name of the message, for errors.
    package let name: String

    /// All fields in the order in which JSON prints them.
    package let fields: [FieldSchema]

    /// Where each name stands in `fields`.
    private let indexes: [String: Int]

    /// Describes a message; the order of the fields is that of the `.proto` file, which JSON follows.
    init(_ name: String, _ fields: [FieldSchema]) {
        self.name = name
        self.fields = fields
        indexes = Dictionary(fields.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The field of that name.
    package func field(named name: String) -> FieldSchema? {
        indexes[name].map { fields[$0] }
    }
}
