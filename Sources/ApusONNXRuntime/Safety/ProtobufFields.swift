/// Walks over the fields of one protobuf message without ever reading outside it.
///
/// It knows no schema and skips what it isn't asked about. Groups, which ONNX never had, count as malformed.
struct ProtobufFields {
    /// One field: its number and where or what its value is.
    struct Field {
        /// What stands behind the field's tag.
        enum Value {
            /// A number of variable length.
            case varint(UInt64)
            /// Bytes: a string or a message.
            case bytes(Range<Int>)
            /// Four or eight bytes, skipped.
            case fixed
        }

        /// The number in the schema.
        let number: UInt64
        /// The value.
        let value: Value
    }

    /// Whether something was met that no message contains; then nothing more comes.
    private(set) var isMalformed = false
    private var offset: Int
    private let end: Int

    /// Starts at the front of a message that lies at `range`.
    init(_ range: Range<Int>) {
        self.offset = range.lowerBound
        self.end = range.upperBound
    }

    /// The next field; `nil` at the end or when the bytes are malformed.
    mutating func next(in bytes: RawSpan) -> Field? {
        guard offset < end, !isMalformed else { return nil }
        guard let field = readField(in: bytes) else {
            isMalformed = true
            return nil
        }
        return field
    }

    /// Reads a tag and its value.
    private mutating func readField(in bytes: RawSpan) -> Field? {
        guard let tag = readVarint(in: bytes), tag <= UInt64(UInt32.max), tag >> 3 != 0 else { return nil }
        let number = tag >> 3
        switch tag & 7 {
        case 0: return readVarint(in: bytes).map { Field(number: number, value: .varint($0)) }
        case 1: return skip(8).map { _ in Field(number: number, value: .fixed) }
        case 2:
            guard let length = readVarint(in: bytes), length <= UInt64(Int32.max) else { return nil }
            return skip(Int(length)).map { Field(number: number, value: .bytes($0)) }
        case 5: return skip(4).map { _ in Field(number: number, value: .fixed) }
        default: return nil
        }
    }

    /// Reads a number of variable length, at most ten bytes.
    private mutating func readVarint(in bytes: RawSpan) -> UInt64? {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard offset < end, offset < bytes.byteCount else { return nil }
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            offset += 1
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
        }
        return nil
    }

    /// Steps over bytes that must lie in the message.
    private mutating func skip(_ count: Int) -> Range<Int>? {
        guard count <= end - offset else { return nil }
        let range = offset..<offset + count
        offset = range.upperBound
        return range
    }
}
