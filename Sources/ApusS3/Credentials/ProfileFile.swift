/// The form of `~/.aws/credentials` and `~/.aws/config`: sections, `key = value`, values below an empty one indented.
enum ProfileFile {
    /// What stands under each heading, a nested value as `s3.addressing_style`; what can't be read is passed over.
    static func sections(_ bytes: [UInt8]) -> [String: [String: String]] {
        var sections: [String: [String: String]] = [:]
        var heading: String?
        var parent: String?
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let isIndented = line.first?.isWhitespace == true
            let text = line.trimmed
            guard let first = text.first, first != "#", first != ";" else { continue }
            if first == "[" && !isIndented {
                heading = text.hasSuffix("]") ? name(text.dropFirst().dropLast()) : nil
                parent = nil
                continue
            }
            guard let heading, let sign = text.firstIndex(of: "=") else { continue }
            let key = text[..<sign].trimmed.lowercased()
            let value = withoutComment(text[text.index(after: sign)...]).trimmed
            if isIndented, let parent {
                sections[heading, default: [:]]["\(parent).\(key)"] = value
            } else {
                sections[heading, default: [:]][key] = value
                parent = value.isEmpty ? key : nil
            }
        }
        return sections
    }

    /// A heading with its spaces made one.
    private static func name(_ text: some StringProtocol) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// A comment begins with a sign after a space.
    private static func withoutComment(_ text: Substring) -> Substring {
        var last: Character = "x"
        for index in text.indices {
            if last.isWhitespace && (text[index] == "#" || text[index] == ";") { return text[..<index] }
            last = text[index]
        }
        return text
    }
}

extension StringProtocol {
    /// Without space at either end.
    var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
