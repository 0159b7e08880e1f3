/// The header of an entry of a tar archive: POSIX ustar, with a pax record where a name or a size doesn't fit.
///
/// Only regular files are written and read: links, folders and devices have no place in a backup.
enum TarHeader {
    /// Headers and contents begin at multiples of this.
    static let blockBytes = 512
    /// The largest size that the header's own field holds: 11 octal digits.
    private static let maxPlainSize = 0o77_777_777_777
    private static let maxPlainName = 100
    /// The most bytes of a pax record.
    static let maxRecordBytes = 64 << 10

    /// What an entry is.
    enum Kind: Sendable {
        /// A regular file.
        case file
        /// Records about the entry after it.
        case records
    }

    /// The bytes of what stands before a file's contents.
    static func bytes(name: String, byteCount: Int, time: Int64) -> [UInt8] {
        let isPlain = name.utf8.count <= maxPlainName && name.utf8.allSatisfy { $0 < 0x80 }
        guard !isPlain || byteCount > maxPlainSize else {
            return block(name: name, byteCount: byteCount, time: time, type: "0")
        }
        let records = record("path", name) + record("size", String(byteCount))
        let short = "apus-entry"
        return block(name: "\(short).pax", byteCount: records.count, time: time, type: "x") + padded(records)
            + block(name: short, byteCount: min(byteCount, maxPlainSize), time: time, type: "0")
    }

    /// How many bytes contents take with what fills the last block.
    static func paddedCount(_ byteCount: Int) -> Int {
        (byteCount + blockBytes - 1) / blockBytes * blockBytes
    }

    /// What a header says; `nil` for the block of zeros at the archive's end.
    ///
    /// - Throws: `damaged` for a wrong checksum and for anything that is no regular file.
    static func read(
        _ block: [UInt8],
        place: String
    ) throws(StorageError) -> (name: String, byteCount: Int, kind: Kind)? {
        guard block.contains(where: { $0 != 0 }) else { return nil }
        guard block.count == blockBytes, let sum = number(block[148..<156]), sum == checksum(block),
            let byteCount = number(block[124..<136])
        else { throw StorageError(.damaged, "\(place) is no header of a tar archive") }
        let name = text(block[0..<100])
        let prefix = text(block[345..<500])
        let kind: Kind
        switch block[156] {
        case UInt8(ascii: "0"), 0: kind = .file
        case UInt8(ascii: "x"): kind = .records
        default:
            throw StorageError(
                .damaged,
                "\(place): '\(DocumentMembers.excerpt(name))' is a link, a folder or a device; a backup has regular files only"
            )
        }
        return (prefix.isEmpty ? name : "\(prefix)/\(name)", byteCount, kind)
    }

    /// Reads the records about an entry: its name and its size, where they are there.
    static func records(_ bytes: [UInt8], place: String) throws(StorageError) -> (name: String?, byteCount: Int?) {
        var name: String?
        var byteCount: Int?
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
                let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > space - rest.startIndex + 1,
                length <= rest.count, rest[rest.startIndex + length - 1] == UInt8(ascii: "\n")
            else { throw StorageError(.damaged, "\(place) has a record that isn't one") }
            let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
            rest = rest.dropFirst(length)
            guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let value = String(decoding: record[(equals + 1)...], as: UTF8.self)
            switch String(decoding: record[..<equals], as: UTF8.self) {
            case "path": name = value
            case "size": byteCount = Int(value)
            default: break
            }
        }
        return (name, byteCount)
    }

    private static func block(name: String, byteCount: Int, time: Int64, type: Unicode.Scalar) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: blockBytes)
        func put(_ text: String, at offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ number: Int, digits: Int) -> String {
            let text = String(max(0, number), radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(name, at: 0)
        put(octal(0o600, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(byteCount, digits: 11), at: 124)
        put(octal(Int(min(time, Int64(maxPlainSize))), digits: 11), at: 136)
        block[156] = UInt8(ascii: type)
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(checksum(block), digits: 6), at: 148)
        block[155] = UInt8(ascii: " ")
        return block
    }

    /// `<length> <key>=<value>\n`, the length counting itself.
    private static func record(_ key: String, _ value: String) -> [UInt8] {
        let body = " \(key)=\(value)\n"
        var length = body.utf8.count + 1
        while String(length).utf8.count + body.utf8.count != length { length += 1 }
        return Array("\(length)\(body)".utf8)
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: paddedCount(bytes.count) - bytes.count)
    }

    /// The sum of all bytes, the checksum's own place taken for spaces.
    private static func checksum(_ block: [UInt8]) -> Int {
        block.indices.reduce(0) { sum, index in
            sum + Int((148..<156).contains(index) ? UInt8(ascii: " ") : block[index])
        }
    }

    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }) else {
            return nil
        }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }
}
