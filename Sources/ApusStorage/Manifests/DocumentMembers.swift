internal import ApusProtocol

/// The members of an object in a stored document: read one by one, with errors that name the document and the member.
///
/// What isn't asked for is passed over, so that a later Apus can add members; a name that comes twice is refused, since
/// two readers could take different ones.
struct DocumentMembers {
    /// The document and, below its root, the member, for messages: `iris/3/apus-manifest.json, files[2]`.
    let place: String
    /// The members in their order.
    let members: [JSONValue.Member]

    /// Reads a document.
    init(parsing bytes: [UInt8], place: String, maxValues: Int) throws(StorageError) {
        do throws(JSONFailure) {
            self.members = try JSONValue.parse(bytes, maxDepth: 16, maxValues: maxValues)
        } catch {
            let reason = error.kind == .tooManyElements ? "has more than \(maxValues) values" : "is no JSON object"
            throw StorageError(.damaged, "\(place) \(reason)")
        }
        self.place = place
        try DocumentMembers.checkNames(members, place: place)
    }

    /// Takes an object inside of a document.
    init(_ value: JSONValue, place: String) throws(StorageError) {
        guard case .object(let members) = value else {
            throw StorageError(.damaged, "\(place): an object was expected, \(value.kindName) came")
        }
        self.place = place
        self.members = members
        try DocumentMembers.checkNames(members, place: place)
    }

    /// The value of a member; `nil` when there is none or it is null.
    subscript(name: String) -> JSONValue? {
        guard let value = members.first(where: { $0.key == name })?.value, value != .null else { return nil }
        return value
    }

    /// A text that must be there.
    func text(_ name: String) throws(StorageError) -> String {
        guard case .string(let text)? = self[name] else { throw fault(name, "a string") }
        return text
    }

    /// A text, or the one that stands for none.
    func text(_ name: String, orElse other: String) throws(StorageError) -> String {
        self[name] == nil ? other : try text(name)
    }

    /// A number without fraction that must be there and in a range.
    func integer(_ name: String, in range: ClosedRange<Int64>) throws(StorageError) -> Int64 {
        guard case .integer(let number)? = self[name], range.contains(number) else {
            throw fault(name, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The elements of a list; none when the member isn't there.
    func elements(_ name: String) throws(StorageError) -> [JSONValue] {
        switch self[name] {
        case nil: return []
        case .array(let elements)?: return elements
        case _?: throw fault(name, "a list")
        }
    }

    /// An object inside of this one; an empty one when the member isn't there.
    func object(_ name: String) throws(StorageError) -> DocumentMembers {
        try DocumentMembers(self[name] ?? .object([]), place: "\(place), \(name)")
    }

    /// Says what was expected of a member.
    func fault(_ name: String, _ expected: String) -> StorageError {
        let came = members.first { $0.key == name }.map { DocumentMembers.excerpt($0.value) } ?? "nothing"
        return StorageError(
            .damaged,
            "\(place): '\(DocumentMembers.excerpt(name))' should be \(expected); \(came) came"
        )
    }

    /// The beginning of a text, harmless in a message.
    static func excerpt(_ text: String, limit: Int = 100) -> String {
        let shown = text.unicodeScalars.prefix(limit).map {
            $0.properties.generalCategory == .control ? "?" : String($0)
        }
        return shown.joined() + (text.unicodeScalars.count > limit ? "…" : "")
    }

    private static func excerpt(_ value: JSONValue) -> String {
        switch value {
        case .array, .object: value.kindName
        default: excerpt(String(decoding: ReadableJSON.line(of: value), as: UTF8.self))
        }
    }

    /// Refuses names that come twice, in objects at any depth.
    private static func checkNames(_ members: [JSONValue.Member], place: String) throws(StorageError) {
        var names: Set<String> = []
        for member in members {
            guard names.insert(member.key).inserted else {
                throw StorageError(.damaged, "\(place): '\(excerpt(member.key))' comes twice")
            }
            try checkNames(in: member.value, place: place)
        }
    }

    private static func checkNames(in value: JSONValue, place: String) throws(StorageError) {
        switch value {
        case .object(let members): try checkNames(members, place: place)
        case .array(let elements):
            for element in elements { try checkNames(in: element, place: place) }
        default: break
        }
    }
}
