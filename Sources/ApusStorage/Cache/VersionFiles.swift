/// What a version consists of, as the cache sees it: paths, sizes and digests; its own digest names it.
struct VersionFiles: Sendable, Hashable {
    /// The most bytes of such a list: 10,000 files with long names.
    static let maxBytes = 16 << 20

    /// The files, sorted by path.
    let files: [CachedFile]
    /// The list as it is stored: a line for each file, digest, size and path with spaces between them.
    ///
    /// No path has a line break in it.
    let text: [UInt8]
    /// The digest of the text: equal versions have the same, wherever they come from.
    let digest: SHA256Digest

    /// Sorts files into a version.
    init(_ files: [CachedFile]) {
        self.files = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        self.text = self.files.flatMap { Array("\($0.digest) \($0.byteCount) \($0.path)\n".utf8) }
        self.digest = SHA256Digest(of: text)
    }

    /// Reads a stored list.
    ///
    /// - Returns: `nil` when it isn't the list that has this name.
    init?(_ text: [UInt8], named hex: String) {
        guard text.last == UInt8(ascii: "\n"), SHA256Digest(of: text).hex == hex else { return nil }
        var files: [CachedFile] = []
        for line in text.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            guard fields.count == 3, let digest = SHA256Digest(fields[0]), let size = Int(fields[1]), size >= 0,
                ObjectKey(fields[2]) != nil
            else { return nil }
            files.append(CachedFile(path: fields[2], byteCount: size, digest: digest))
        }
        self.init(files)
    }

    /// How many bytes the files have together.
    var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }
}

/// A file of a cached version.
package struct CachedFile: Hashable, Sendable {
    /// Where it lies in the version's folder.
    package let path: String
    /// Its size in bytes.
    package let byteCount: Int
    /// The digest of its bytes.
    package let digest: SHA256Digest

    /// Describes a file.
    package init(path: String, byteCount: Int, digest: SHA256Digest) {
        self.path = path
        self.byteCount = byteCount
        self.digest = digest
    }
}

/// A file that a version needs, and the object that it comes from.
package struct WantedFile: Hashable, Sendable {
    /// Where it is to lie in the version's folder; an `ObjectKey` by its spelling.
    package let path: String
    /// The object, in the state that is wanted.
    package let object: StoredObject
    /// The digest of its bytes, where a manifest says it.
    package let digest: SHA256Digest?
    /// How many bytes it must have.
    package let byteCount: Int

    /// Wants a file.
    package init(path: String, object: StoredObject, digest: SHA256Digest? = nil, byteCount: Int) {
        self.path = path
        self.object = object
        self.digest = digest
        self.byteCount = byteCount
    }
}
