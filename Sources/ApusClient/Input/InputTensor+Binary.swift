internal import ApusCore

extension InputTensor {
    /// The elements as v2's binary form has them: little-endian, row-major; strings with their length in front.
    var binary: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(shape.byteCount(of: specification.dataType) ?? 0)
        for element in elements { InputTensor.append(element, as: specification.dataType, to: &bytes) }
        return bytes
    }

    private static func append(_ element: JSONValue, as type: DataType, to bytes: inout [UInt8]) {
        switch element {
        case .bool(let flag):
            bytes.append(flag ? 1 : 0)
        case .string(let text):
            append(UInt32(truncatingIfNeeded: text.utf8.count), to: &bytes)
            bytes.append(contentsOf: text.utf8)
        case .number(let text):
            append(number: text, as: type, to: &bytes)
        case .null, .array, .object:
            preconditionFailure("ElementRule lets no \(element.kind) into a tensor; this is a bug")
        }
    }

    private static func append(number text: String, as type: DataType, to bytes: inout [UInt8]) {
        switch type {
        case .fp64: append(NumberText.double(text)?.bitPattern ?? 0, to: &bytes)
        case .fp32: append(Float(NumberText.double(text) ?? 0).bitPattern, to: &bytes)
        case .fp16: append(Float16(NumberText.double(text) ?? 0).bitPattern, to: &bytes)
        case .bf16: append(bfloat16(Float(NumberText.double(text) ?? 0)), to: &bytes)
        case .uint8, .int8: append(UInt8(truncatingIfNeeded: Int128(text) ?? 0), to: &bytes)
        case .uint16, .int16: append(UInt16(truncatingIfNeeded: Int128(text) ?? 0), to: &bytes)
        case .uint32, .int32: append(UInt32(truncatingIfNeeded: Int128(text) ?? 0), to: &bytes)
        case .uint64, .int64: append(UInt64(truncatingIfNeeded: Int128(text) ?? 0), to: &bytes)
        case .bool, .bytes: preconditionFailure("ElementRule makes no number for \(type); this is a bug")
        }
    }

    /// The upper half of a float, rounded to the nearest, ties to even.
    private static func bfloat16(_ value: Float) -> UInt16 {
        guard !value.isNaN else { return 0x7FC0 }
        let bits = value.bitPattern
        let rounding = 0x7FFF + (bits >> 16 & 1)
        return UInt16(truncatingIfNeeded: (bits &+ rounding) >> 16)
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
