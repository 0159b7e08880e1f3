internal import ApusProtocol

/// What a source held when it was last served, for starts without network.
package struct SourceRecord: Hashable, Sendable {
    /// The most objects of a record.
    package static let maxObjects = 200_000
    /// The most bytes of a stored record.
    static let maxBytes = 256 << 20

    /// One object.
    package struct Entry: Hashable, Sendable {
        /// The object as it was listed.
        package let object: StoredObject
        /// The digest of its bytes, where it is known.
        package let digest: SHA256Digest?

        /// Describes an object.
        package init(object: StoredObject, digest: SHA256Digest? = nil) {
            self.object = object
            self.digest = digest
        }
    }

    /// The source: `ObjectStore.location`.
    package let location: String
    /// What it held.
    package let entries: [Entry]

    /// Describes a source.
    package init(location: String, entries: [Entry]) {
        self.location = location
        self.entries = entries
    }

    /// The record as it is stored.
    var text: [UInt8] {
        CheckedRecord.encode { text in
            text.member("location", location)
            text.key("objects")
            text.array { array in
                for entry in entries { array.object { SourceRecord.write(entry, into: &$0) } }
            }
        }
    }

    private static func write(_ entry: Entry, into text: inout JSONText) {
        text.member("key", entry.object.key.description)
        text.member("size", entry.object.byteCount)
        text.member("tag", entry.object.tag.description)
        if let modified = entry.object.modified { text.member("modified", modified) }
        if let digest = entry.digest { text.member("digest", digest.description) }
    }

    /// Reads a stored record; `nil` when it isn't as it was written.
    init?(_ bytes: [UInt8]) {
        // An object has six values with itself.
        guard let members = CheckedRecord.decode(bytes, maxValues: SourceRecord.maxObjects * 6 + 10),
            let location = members.string("location"), case .array(let values) = members["objects"]
        else { return nil }
        var entries: [Entry] = []
        entries.reserveCapacity(values.count)
        for value in values {
            guard case .object(let object) = value, let key = object.string("key").flatMap({ ObjectKey($0) }),
                let size = object.size("size"), let tag = object.string("tag")
            else { return nil }
            let modified = object.integer("modified")
            let stored = StoredObject(key: key, byteCount: size, tag: EntityTag(tag), modified: modified)
            entries.append(Entry(object: stored, digest: object.digest("digest")))
        }
        self.init(location: location, entries: entries)
    }
}
