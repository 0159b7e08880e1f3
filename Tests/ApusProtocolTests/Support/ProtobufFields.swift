/// Reads the fields of a message without a reader of ours.
enum ProtobufFields {
    /// The fields up to the first that is malformed, that one included.
    static func split(
        _ message: ArraySlice<UInt8>
    ) -> [(number: UInt64, wire: UInt64, content: ArraySlice<UInt8>)] {
        var rest = message
        var found: [(number: UInt64, wire: UInt64, content: ArraySlice<UInt8>)] = []
        while let tag = varint(&rest) {
            found.append((tag >> 3, tag & 7, []))
            switch tag & 7 {
            case 0: guard varint(&rest) != nil else { return found }
            case 1, 5: rest = rest.dropFirst(tag & 7 == 1 ? 8 : 4)
            case 2:
                guard let length = varint(&rest), length <= UInt64(rest.count) else { return found }
                found[found.count - 1].content = rest.prefix(Int(length))
                rest = rest.dropFirst(Int(length))
            default: break
            }
        }
        return found
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
