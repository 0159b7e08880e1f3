/// The element types of NumPy arrays that can become tensors; sizes in bytes.
package enum NPYElementType: Sendable, Hashable {
    /// A byte that is 0 or 1.
    case bool
    /// A signed integer.
    case signed(size: Int)
    /// An unsigned integer.
    case unsigned(size: Int)
    /// A half, single or double float.
    case float(size: Int)
    /// Text of a fixed number of bytes, filled up with zeros.
    case bytes(size: Int)
    /// Text of a fixed number of four-byte characters, filled up with zeros.
    case unicode(characters: Int)

    /// The most bytes that one element may take.
    static let maxElementSize = 1 << 24

    /// Bytes that an element takes.
    package var size: Int {
        switch self {
        case .bool: 1
        case .signed(let size), .unsigned(let size), .float(let size), .bytes(let size): size
        case .unicode(let characters): characters * 4
        }
    }

    /// Reads NumPy's way of writing a type: byte order, letter, size.
    init(descriptor: String) throws(ClientError) {
        var rest = descriptor[...]
        let order = rest.first.flatMap { "<>=|".contains($0) ? $0 : nil }
        if order != nil { rest.removeFirst() }
        guard let letter = rest.first else { throw NPYElementType.unknown(descriptor) }
        guard letter != "O" else {
            let advice = "save a.astype('<f4') or a.astype('U')"
            throw NPYHeader.fault("it holds Python objects, which are never read; \(advice)")
        }
        let digits = rest.dropFirst()
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let size = Int(digits), size <= NPYElementType.maxElementSize
        else { throw NPYElementType.unknown(descriptor) }
        switch (letter, size) {
        case ("b", 1): self = .bool
        case ("i", 1), ("i", 2), ("i", 4), ("i", 8): self = .signed(size: size)
        case ("u", 1), ("u", 2), ("u", 4), ("u", 8): self = .unsigned(size: size)
        case ("f", 2), ("f", 4), ("f", 8): self = .float(size: size)
        case ("S", _), ("a", _): self = .bytes(size: size)
        case ("U", _): self = .unicode(characters: size)
        default: throw NPYElementType.unknown(descriptor)
        }
        let hasByteOrder = if case .bytes = self { false } else { self.size > 1 }
        guard order != ">" || !hasByteOrder else {
            let little = "<" + descriptor.dropFirst()
            throw NPYHeader.fault("it is big-endian ('\(descriptor)'); save a.astype('\(little)')")
        }
    }

    private static func unknown(_ descriptor: String) -> ClientError {
        let shown = Terminal.printable(String(descriptor.prefix(40)))
        return NPYHeader.fault("its element type '\(shown)' has no tensor type; save a.astype('<f4') or the like")
    }
}
