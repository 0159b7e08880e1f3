internal import ApusCore

/// What a PNG file says of itself (https://www.w3.org/TR/png-3/), read without the decoder.
struct PNGOutline: Hashable {
    let width: Int
    let height: Int
    /// Whether pixels are grey values of at most 8 bits and nothing else.
    let isGrey: Bool

    /// What each file begins with.
    static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

    /// The signature and the whole first chunk.
    private static let headerCount = 33
    /// A chunk without content: its length, name and checksum.
    private static let emptyChunkCount = 12
    /// Stretches of chunks that the decoder reads: a file has four.
    private static let mostRanges = 1024

    /// Reads the first chunk.
    ///
    /// - Throws: `invalidArgument` when it isn't what it must be.
    init(_ file: Span<UInt8>) throws(InferenceError) {
        guard file.count >= PNGOutline.headerCount else {
            throw InferenceError.undecodable(.png, "it ends before its size is said")
        }
        let name = PNGOutline.name(of: 8, in: file)
        guard file.bigEndian32(at: 8) == 13, name == "IHDR" else {
            throw InferenceError.undecodable(.png, "its first chunk isn't the header IHDR")
        }
        self.width = file.bigEndian32(at: 16)
        self.height = file.bigEndian32(at: 20)
        self.isGrey = file[25] == 0 && file[24] <= 8
    }

    /// The stretches of a file that its pixels depend on.
    ///
    /// The rest (texts, colour profiles, thumbnails, compressed or not) is never shown to the decoder: it would unpack
    /// it, keep it, and refuse pictures for faults in it.
    ///
    /// - Throws: `invalidArgument` when they are in too many pieces.
    static func essentialRanges(_ file: Span<UInt8>) throws(InferenceError) -> [Range<Int>] {
        var ranges = [0..<signature.count]
        var offset = signature.count
        while offset + emptyChunkCount <= file.count {
            let end = min(offset + emptyChunkCount + file.bigEndian32(at: offset), file.count)
            // A small first letter says that a decoder may pass a chunk over.
            if file[offset + 4] & 0x20 == 0 {
                if ranges[ranges.count - 1].upperBound == offset {
                    ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<end
                } else {
                    guard ranges.count < mostRanges else {
                        throw InferenceError.undecodable(.png, "its pixels are in more than \(mostRanges) pieces")
                    }
                    ranges.append(offset..<end)
                }
            }
            offset = end
        }
        return ranges
    }

    private static func name(of chunk: Int, in file: Span<UInt8>) -> String {
        String(decoding: (4..<8).map { file[chunk + $0] }, as: UTF8.self)
    }
}
