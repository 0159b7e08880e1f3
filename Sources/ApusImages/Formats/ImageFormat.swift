/// A kind of picture that is read.
package enum ImageFormat: String, Sendable, CaseIterable {
    case jpeg = "JPEG"
    case png = "PNG"

    /// The media type.
    package var mediaType: String {
        switch self {
        case .jpeg: "image/jpeg"
        case .png: "image/png"
        }
    }

    /// Knows a file by its first bytes; `nil` for another kind.
    package init?(of file: Span<UInt8>) {
        if file.begins(with: [0xff, 0xd8, 0xff]) {
            self = .jpeg
        } else if file.begins(with: PNGOutline.signature) {
            self = .png
        } else {
            return nil
        }
    }
}

extension Span<UInt8> {
    /// Whether these are the first bytes.
    func begins(with bytes: [UInt8]) -> Bool {
        guard count >= bytes.count else { return false }
        return bytes.indices.allSatisfy { self[$0] == bytes[$0] }
    }

    /// A number of two bytes, the higher one first; the caller has looked that they are there.
    func bigEndian16(at offset: Int) -> Int {
        Int(self[offset]) << 8 | Int(self[offset + 1])
    }

    /// A number of four bytes, the highest one first; the caller has looked that they are there.
    func bigEndian32(at offset: Int) -> Int {
        bigEndian16(at: offset) << 16 | bigEndian16(at: offset + 2)
    }
}
