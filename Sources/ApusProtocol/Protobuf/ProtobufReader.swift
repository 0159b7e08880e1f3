/// What stands behind a field's tag.
enum ProtobufWire: UInt8 {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case startGroup = 3
    case endGroup = 4
    case fixed32 = 5
}

/// The tag of one field.
struct ProtobufField: Equatable {
    /// The number in the schema, 1 or more.
    let number: Int
    /// How the value is encoded, which need not be what the schema says.
    let wire: ProtobufWire
}

/// Why bytes are no protobuf message.
enum ProtobufFault: Error, Equatable {
    /// The message ends within a field.
    case truncated(at: Int)
    /// A tag or a number that no encoder writes.
    case malformed(at: Int)
    /// A string that isn't UTF-8.
    case notUTF8(at: Int)
    /// Unknown groups within each other, without an end.
    case tooDeep(at: Int)
    /// A message that may be there once is there twice.
    case repeated(at: Int)
}

/// Walks over the fields of one protobuf message without ever reading outside of it.
///
/// A value, so that a message within a message is read by a second one. It takes what protobuf's own decoders take: a
/// known field of the wrong wire type is the caller's to skip like an unknown one.
struct ProtobufReader {
    /// Groups within each other that are skipped at most.
    static let maxGroupDepth = 100

    /// Where the next byte is read.
    private(set) var offset: Int
    /// Where the message ends.
    let end: Int

    /// Starts at the front of the message that lies at `range`.
    init(_ range: Range<Int>) {
        self.offset = range.lowerBound
        self.end = range.upperBound
    }

    /// Reads the next tag; `nil` at the end of the message.
    @inline(__always)
    mutating func nextField(in bytes: RawSpan) throws(ProtobufFault) -> ProtobufField? {
        guard offset < end else { return nil }
        let start = offset
        let tag = try readVarint(in: bytes)
        guard tag < UInt64(UInt32.max), tag >> 3 != 0, let wire = ProtobufWire(rawValue: UInt8(tag & 7)) else {
            throw .malformed(at: start)
        }
        return ProtobufField(number: Int(tag >> 3), wire: wire)
    }

    /// Reads a number of variable length, at most ten bytes.
    @inline(__always)
    mutating func readVarint(in bytes: RawSpan) throws(ProtobufFault) -> UInt64 {
        guard offset < end else { throw .truncated(at: offset) }
        let first = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        offset += 1
        guard first >= 0x80 else { return UInt64(first) }
        return try readLongVarint(in: bytes, first: first)
    }

    private mutating func readLongVarint(in bytes: RawSpan, first: UInt8) throws(ProtobufFault) -> UInt64 {
        var result = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while shift < 64 {
            guard offset < end else { throw .truncated(at: offset) }
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            offset += 1
            result |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 { return result }
            shift += 7
        }
        throw .malformed(at: offset)
    }

    /// Reads a length and steps over as many bytes: a string, a message, a packed list.
    mutating func readBytes(in bytes: RawSpan) throws(ProtobufFault) -> Range<Int> {
        let length = try readVarint(in: bytes)
        guard length <= UInt64(end - offset) else { throw .truncated(at: offset) }
        return try step(Int(length))
    }

    /// Steps over four or eight bytes and says where they lie.
    mutating func readFixed(_ byteCount: Int) throws(ProtobufFault) -> Range<Int> {
        try step(byteCount)
    }

    /// Steps over the value behind a tag.
    mutating func skip(_ field: ProtobufField, in bytes: RawSpan) throws(ProtobufFault) {
        switch field.wire {
        case .varint: _ = try readVarint(in: bytes)
        case .fixed64: _ = try step(8)
        case .bytes: _ = try readBytes(in: bytes)
        case .fixed32: _ = try step(4)
        case .endGroup: throw .malformed(at: offset)
        case .startGroup: try skipGroup(field.number, in: bytes)
        }
    }

    /// Steps over a group, which only old schemas have, and the groups in it.
    private mutating func skipGroup(_ number: Int, in bytes: RawSpan) throws(ProtobufFault) {
        var open = [number]
        while let innermost = open.last {
            guard let field = try nextField(in: bytes) else { throw .truncated(at: offset) }
            switch field.wire {
            case .startGroup:
                guard open.count < ProtobufReader.maxGroupDepth else { throw .tooDeep(at: offset) }
                open.append(field.number)
            case .endGroup:
                guard field.number == innermost else { throw .malformed(at: offset) }
                open.removeLast()
            default: try skip(field, in: bytes)
            }
        }
    }

    private mutating func step(_ count: Int) throws(ProtobufFault) -> Range<Int> {
        guard count <= end - offset else { throw .truncated(at: offset) }
        let range = offset..<offset + count
        offset = range.upperBound
        return range
    }
}

extension RawSpan {
    /// A part of the bytes as text.
    ///
    /// - Throws: `notUTF8` for what isn't, as protobuf has it of strings.
    func text(at range: Range<Int>) throws(ProtobufFault) -> String {
        let text = unsafe extracting(range).withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
        guard let text else { throw .notUTF8(at: range.lowerBound) }
        return text
    }

    /// Whether a part of the bytes spells a text.
    func isText(_ text: String, at range: Range<Int>) -> Bool {
        let utf8 = text.utf8
        guard utf8.count == range.count else { return false }
        var offset = range.lowerBound
        for byte in utf8 {
            guard unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self) == byte else { return false }
            offset += 1
        }
        return true
    }
}
