internal import ApusProtocol

/// Reads and writes the text form of keys (RFC 7468).
enum PEM {
    /// A block of a text.
    struct Block: Sendable {
        /// What stands behind BEGIN: `PUBLIC KEY`.
        let label: String
        /// The bytes in it.
        let bytes: [UInt8]
    }

    /// All blocks of a text, in their order; what stands between them is passed over.
    ///
    /// - Returns: `nil` when a block isn't closed or holds something else than base64.
    static func blocks(of text: [UInt8]) -> [Block]? {
        var blocks: [Block] = []
        var label: String?
        var body = ""
        for line in text.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }) {
            let line = String(decoding: line, as: UTF8.self)
            if let open = label {
                if line == "-----END \(open)-----" {
                    guard let bytes = Base64.bytes(of: body) else { return nil }
                    blocks.append(Block(label: open, bytes: bytes))
                    label = nil
                    body = ""
                } else {
                    body += line.filter { $0 != " " && $0 != "\t" }
                }
            } else if line.hasPrefix("-----BEGIN "), line.hasSuffix("-----") {
                label = String(line.dropFirst(11).dropLast(5))
            }
        }
        return label == nil ? blocks : nil
    }

    /// The text of a block of at most 48 bytes, which is one line.
    static func text(_ label: String, _ bytes: [UInt8]) -> String {
        "-----BEGIN \(label)-----\n\(Base64.text(of: bytes))\n-----END \(label)-----\n"
    }
}
