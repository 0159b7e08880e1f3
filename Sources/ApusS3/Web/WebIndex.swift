package import ApusStorage
internal import FoundationEssentials

/// `apus-index.json`: what a web server has, since HTTP itself can't list.
///
/// An array of objects with `key`, `size` in bytes, and optionally `tag` and `modified` (seconds since 1970).
package enum WebIndex {
    /// The file's name.
    package static let filename = "apus-index.json"
    /// The most bytes of it.
    package static let maxBytes = 64 << 20

    private struct Entry: Codable {
        let key: String
        let size: Int
        let tag: String?
        let modified: Int64?
    }

    /// Reads an index; entries whose keys can't be ones, or would lead elsewhere, are passed over.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - place: Where it came from, for messages.
    /// - Returns: The objects, those without a tag with one made of time and size.
    /// - Throws: `damaged` when it isn't an index, or a size is negative.
    package static func read(_ bytes: [UInt8], from place: String) throws(StorageError) -> [StoredObject] {
        let entries: [Entry]
        do {
            entries = try JSONDecoder().decode([Entry].self, from: Data(bytes))
        } catch {
            throw StorageError(.damaged, "\(place) isn't an array of {\"key\", \"size\", \"tag\", \"modified\"}")
        }
        guard entries.allSatisfy({ $0.size >= 0 }) else {
            throw StorageError(.damaged, "\(place) has an object of negative size")
        }
        return entries.compactMap { entry in
            guard let key = ObjectKey(entry.key) else { return nil }
            let tag = entry.tag ?? WebTag.made(modified: entry.modified, byteCount: entry.size)
            return StoredObject(key: key, byteCount: entry.size, tag: EntityTag(tag), modified: entry.modified)
        }
    }

    /// Writes the index of some objects, sorted by key, without itself.
    ///
    /// - Parameters:
    ///   - objects: What a web server will have.
    ///   - keepsTags: Whether their tags are those that this server gives; those of a folder aren't.
    /// - Returns: The file.
    package static func write(_ objects: [StoredObject], keepsTags: Bool = false) -> [UInt8] {
        let entries = objects.filter { $0.key.description != filename }.sorted { $0.key < $1.key }.map { object in
            Entry(
                key: object.key.description,
                size: object.byteCount,
                tag: keepsTags ? object.tag.description : nil,
                modified: object.modified
            )
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        // Numbers and strings always have a form.
        return (try? encoder.encode(entries)).map { Array($0) } ?? []
    }
}
