/// Reads a tar archive that anybody may have made: only regular files, each name once, all sizes within the file.
struct TarReader {
    /// An entry.
    struct Entry: Sendable {
        /// Its name, as the archive has it: not checked for leading out.
        let name: String
        /// Where its bytes begin in the archive.
        let offset: Int
        /// How many they are.
        let byteCount: Int
    }

    /// The archive's entries by name.
    private(set) var entries: [String: Entry] = [:]

    /// Looks through an archive, without reading what the entries hold.
    ///
    /// - Parameters:
    ///   - file: The archive.
    ///   - name: What it is called, for messages.
    ///   - limit: The most entries.
    /// - Throws: `damaged` with the place, `tooLarge` beyond the limit.
    init(_ file: any ReadableFile, name: String, limit: Int) throws(StorageError) {
        let end = try file.byteCount()
        var offset = 0
        var extended: (name: String?, byteCount: Int?) = (nil, nil)
        while true {
            let place = "'\(name)', byte \(offset)"
            guard end - offset >= TarHeader.blockBytes else {
                let message = "'\(name)' was cut off: the end of a tar archive was expected at byte \(offset)"
                throw StorageError(.damaged, message)
            }
            let block = try file.bytes(at: offset, count: TarHeader.blockBytes)
            guard let header = try TarHeader.read(block, place: place) else { return }
            offset += TarHeader.blockBytes
            let byteCount = (header.kind == .file ? extended.byteCount : nil) ?? header.byteCount
            guard byteCount >= 0, byteCount <= end - offset else {
                throw StorageError(.damaged, "\(place): an entry of \(byteCount) bytes goes beyond the archive's end")
            }
            switch header.kind {
            case .records:
                guard byteCount <= TarHeader.maxRecordBytes else {
                    throw StorageError(.damaged, "\(place): records of \(byteCount) bytes")
                }
                extended = try TarHeader.records(file.bytes(at: offset, count: byteCount), place: place)
            case .file:
                let entry = Entry(name: extended.name ?? header.name, offset: offset, byteCount: byteCount)
                guard entries.updateValue(entry, forKey: entry.name) == nil else {
                    throw StorageError(.damaged, "\(place): '\(DocumentMembers.excerpt(entry.name))' comes twice")
                }
                guard entries.count <= limit else {
                    throw StorageError(.tooLarge, "'\(name)' has more than \(limit) entries")
                }
                extended = (nil, nil)
            }
            offset += TarHeader.paddedCount(byteCount)
        }
    }
}

/// A part of a file, as a file.
struct FileSlice: ReadableFile {
    /// The file.
    let file: any ReadableFile
    /// Where the part begins.
    let offset: Int
    /// How long it is.
    let length: Int

    func byteCount() throws(StorageError) -> Int { length }

    func read(into buffer: UnsafeMutableRawBufferPointer, at start: Int) throws(StorageError) -> Int {
        let count = min(buffer.count, max(0, length - start))
        guard count > 0 else { return 0 }
        return try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: offset + start)
    }
}
