/// A list of numbers or byte strings that is a field of a message: packed or not, in one piece or in many.
struct ProtobufList: Sendable {
    /// What the list holds.
    enum Element: Sendable {
        case bool
        case int32
        case int64
        case uint32
        case uint64
        case float
        case double
        case bytes

        /// How one of them stands alone.
        var wire: ProtobufWire {
            switch self {
            case .float: .fixed32
            case .double: .fixed64
            case .bytes: .bytes
            default: .varint
            }
        }

        /// The bytes that each takes; `nil` where they differ.
        var byteSize: Int? {
            switch self {
            case .float: 4
            case .double: 8
            default: nil
            }
        }
    }

    /// The field's number.
    let number: Int
    /// What it holds.
    let element: Element

    /// Reads what stands behind a tag of the list's.
    ///
    /// - Returns: Where elements lie, without tag and length: any number of numbers, or one string of bytes; `nil` for a
    ///   value of a wrong wire type, which is stepped over as an unknown field is.
    func readPiece(
        _ field: ProtobufField,
        of message: inout ProtobufReader,
        in bytes: RawSpan
    ) throws(ProtobufFault) -> Range<Int>? {
        guard field.wire == element.wire || field.wire == .bytes else {
            try message.skip(field, in: bytes)
            return nil
        }
        let piece: Range<Int>
        switch field.wire {
        case .bytes: piece = try message.readBytes(in: bytes)
        case .fixed32: piece = try message.readFixed(4)
        case .fixed64: piece = try message.readFixed(8)
        default:
            let start = message.offset
            _ = try message.readVarint(in: bytes)
            piece = start..<message.offset
        }
        return piece
    }

    /// How many elements a piece has.
    ///
    /// - Throws: `truncated` for one that ends within a number, `malformed` for a number that no encoder writes.
    func count(in piece: Range<Int>, of bytes: RawSpan) throws(ProtobufFault) -> Int {
        if element == .bytes { return 1 }
        if let size = element.byteSize {
            guard piece.count % size == 0 else { throw .truncated(at: piece.upperBound) }
            return piece.count / size
        }
        var count = 0
        var length = 0
        for offset in piece {
            length += 1
            guard length <= 10 else { throw .malformed(at: offset) }
            if unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) < 0x80 {
                count += 1
                length = 0
            }
        }
        guard length == 0 else { throw .truncated(at: piece.upperBound) }
        return count
    }

    /// Reads the next number of a piece, widened to 64 bits; what is longer than its type is cut, as protobuf has it.
    @inline(__always)
    func readNumber(_ piece: inout ProtobufReader, in bytes: RawSpan) throws(ProtobufFault) -> UInt64 {
        switch element {
        case .float:
            let offset = try piece.readFixed(4).lowerBound
            let bits = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
            return UInt64(UInt32(littleEndian: bits))
        case .double:
            let offset = try piece.readFixed(8).lowerBound
            return UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
        case .bool: return try piece.readVarint(in: bytes) == 0 ? 0 : 1
        case .int32:
            return UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: try piece.readVarint(in: bytes))))
        case .uint32: return UInt64(UInt32(truncatingIfNeeded: try piece.readVarint(in: bytes)))
        default: return try piece.readVarint(in: bytes)
        }
    }
}

/// Walks over the pieces of one list in a message.
struct ProtobufListReader {
    private let list: ProtobufList
    private var message: ProtobufReader

    /// Starts at the front of a message.
    init(_ list: ProtobufList, in message: Range<Int>) {
        self.list = list
        self.message = ProtobufReader(message)
    }

    /// The next piece; `nil` at the message's end.
    mutating func next(in bytes: RawSpan) throws(ProtobufFault) -> Range<Int>? {
        while let field = try message.nextField(in: bytes) {
            if field.number == list.number {
                if let piece = try list.readPiece(field, of: &message, in: bytes) { return piece }
            } else {
                try message.skip(field, in: bytes)
            }
        }
        return nil
    }
}

extension ProtobufReader {
    /// The next field that is a string, bytes or a message, `nil` at the message's end; others are stepped over.
    mutating func nextBytes(in bytes: RawSpan) throws(ProtobufFault) -> (number: Int, range: Range<Int>)? {
        while let field = try nextField(in: bytes) {
            if field.wire == .bytes { return (field.number, try readBytes(in: bytes)) }
            try skip(field, in: bytes)
        }
        return nil
    }
}

/// An entry of a map from strings to messages.
struct ProtobufEntry {
    /// The key; empty when none was sent.
    let key: String
    /// Where the message lies; empty when none was sent.
    let value: Range<Int>

    /// Reads the entry that lies at `range`.
    ///
    /// - Throws: `repeated` for a value that comes twice: its parts would have to be joined.
    init(_ range: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) {
        var key = ""
        var value: Range<Int>?
        var reader = ProtobufReader(range)
        while let field = try reader.nextBytes(in: bytes) {
            switch field.number {
            case 1: key = try bytes.text(at: field.range)
            case 2:
                guard value == nil else { throw .repeated(at: field.range.lowerBound) }
                value = field.range
            default: continue
            }
        }
        self.key = key
        self.value = value ?? 0..<0
    }
}
