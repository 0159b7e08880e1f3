internal import ApusCore

/// The bytes of one element that a configuration writes as text.
enum PaddingElement {
    /// Reads a value as a type; `nil` when it isn't one, and for BYTES.
    static func bytes(of text: String, as type: DataType) -> [UInt8]? {
        switch type {
        case .bool: truth(text).map { [$0 ? 1 : 0] }
        case .uint8: UInt8(text).map(bytes)
        case .uint16: UInt16(text).map(bytes)
        case .uint32: UInt32(text).map(bytes)
        case .uint64: UInt64(text).map(bytes)
        case .int8: Int8(text).map(bytes)
        case .int16: Int16(text).map(bytes)
        case .int32: Int32(text).map(bytes)
        case .int64: Int64(text).map(bytes)
        case .fp16: finite(text).flatMap(half).map(bytes)
        case .bf16: finite(text).flatMap(brainFloat).map(bytes)
        case .fp32: finite(text).map { bytes($0.bitPattern) }
        case .fp64: Double(text).flatMap { $0.isFinite ? bytes($0.bitPattern) : nil }
        case .bytes: nil
        }
    }

    /// The nearest element of a type to a number: integers stop at their type's ends; `nil` for a real number that is too
    /// large, and for BOOL and BYTES.
    static func bytes(nearest value: Double, as type: DataType) -> [UInt8]? {
        let whole = value.rounded(.toNearestOrEven)
        return switch type {
        case .uint8: bytes(clamped(whole) as UInt8)
        case .uint16: bytes(clamped(whole) as UInt16)
        case .uint32: bytes(clamped(whole) as UInt32)
        case .uint64: bytes(clamped(whole) as UInt64)
        case .int8: bytes(clamped(whole) as Int8)
        case .int16: bytes(clamped(whole) as Int16)
        case .int32: bytes(clamped(whole) as Int32)
        case .int64: bytes(clamped(whole) as Int64)
        case .fp16: half(Float(value)).map(bytes)
        case .bf16: brainFloat(Float(value)).map(bytes)
        case .fp32: Float(value).isFinite ? bytes(Float(value).bitPattern) : nil
        case .fp64: value.isFinite ? bytes(value.bitPattern) : nil
        case .bool, .bytes: nil
        }
    }

    private static func clamped<Integer: FixedWidthInteger>(_ value: Double) -> Integer {
        Integer(exactly: value) ?? (value < 0 ? .min : .max)
    }

    private static func truth(_ text: String) -> Bool? {
        switch text {
        case "0": false
        case "1": true
        default: SettingParsing.boolean(text)
        }
    }

    /// Little-endian, as tensors are.
    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func finite(_ text: String) -> Float? {
        Float(text).flatMap { $0.isFinite ? $0 : nil }
    }

    /// IEEE 754 binary16, rounded to even (Swift has `Float16` on some platforms only); `nil` for what is too large.
    private static func half(_ value: Float) -> UInt16? {
        let magnitude = value.magnitude
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        guard magnitude < 65520 else { return nil }
        guard magnitude >= 0x1p-14 else { return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven)) }
        let exponent = UInt16(Int(magnitude.exponent) + 15) << 10
        // One that rounds up to 2 carries into the exponent.
        return sign | (exponent + UInt16(((magnitude.significand - 1) * 1024).rounded(.toNearestOrEven)))
    }

    /// The upper half of binary32, rounded to even; `nil` for what is too large.
    private static func brainFloat(_ value: Float) -> UInt16? {
        let bits = value.bitPattern
        let rounded = UInt16(truncatingIfNeeded: (bits + 0x7fff + (bits >> 16 & 1)) >> 16)
        return rounded & 0x7f80 == 0x7f80 ? nil : rounded
    }
}
