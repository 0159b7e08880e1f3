import ApusCore

/// A JSON number, truth value or string.
enum Scalar: Decodable, Sendable {
    case bool(Bool)
    case signed(Int64)
    case unsigned(UInt64)
    case float(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .signed(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? container.decode(Double.self) {
            self = .float(value)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    /// The value as a floating-point number.
    var double: Double {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .signed(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .float(let value): value
        case .text: .nan
        }
    }

    /// The low 64 bits of the value as an integer.
    var bits: UInt64 {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .signed(let value): UInt64(bitPattern: value)
        case .unsigned(let value): value
        case .float(let value): UInt64(bitPattern: Int64(value))
        case .text: 0
        }
    }

    /// Appends the element in the raw layout.
    func append(to bytes: inout [UInt8], as type: DataType) {
        switch (type, self) {
        case (.bytes, .text(let text)):
            let utf8 = Array(text.utf8)
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: utf8.count >> (8 * $0)) } + utf8
        case (.fp32, _): bytes += Scalar.littleEndian(UInt64(Float(double).bitPattern), 4)
        case (.fp64, _): bytes += Scalar.littleEndian(double.bitPattern, 8)
        default: bytes += Scalar.littleEndian(bits, type.byteSize ?? 0)
        }
    }

    /// The lowest bytes of a number.
    private static func littleEndian(_ bits: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    }
}
