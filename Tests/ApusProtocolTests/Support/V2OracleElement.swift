import ApusCore

/// One element of `data` in tensor memory, by the standard library's own conversions.
enum V2OracleElement {
    static func bytes(of value: StrictJSON, as dataType: DataType) throws -> [UInt8] {
        switch (dataType, value) {
        case (.bytes, .string(let text)): return text.rawElement
        case (.bool, .bool(let flag)): return [flag ? 1 : 0]
        case (.bytes, _), (.bool, _): throw V2Oracle.Refused()
        case (.fp64, _): return memory(try real(value) { Double($0) }.bitPattern)
        case (.fp32, _): return memory(try real(value) { Float($0) }.bitPattern)
        case (.fp16, _): return memory(try real(value) { Double($0).map { Float16($0) } }.bitPattern)
        case (.bf16, _): return memory(try real(value) { Double($0).map { Brain(nearest: $0) } }.bitPattern)
        case (.uint8, _): return memory(try integer(value) as UInt8)
        case (.uint16, _): return memory(try integer(value) as UInt16)
        case (.uint32, _): return memory(try integer(value) as UInt32)
        case (.uint64, _): return memory(try integer(value) as UInt64)
        case (.int8, _): return memory(try integer(value) as Int8)
        case (.int16, _): return memory(try integer(value) as Int16)
        case (.int32, _): return memory(try integer(value) as Int32)
        case (.int64, _): return memory(try integer(value) as Int64)
        }
    }

    /// Plain digits, or a spelling with point or exponent of an integer that a double holds exactly.
    private static func integer<Integer: FixedWidthInteger>(_ value: StrictJSON) throws -> Integer {
        guard case .number(let text) = value else { throw V2Oracle.Refused() }
        if let number = Integer(text) { return number }
        guard let real = Double(text), abs(real) < 9_007_199_254_740_992, let number = Integer(exactly: real) else {
            throw V2Oracle.Refused()
        }
        return number
    }

    private static func real<Real: OracleReal>(_ value: StrictJSON, _ parse: (String) -> Real?) throws -> Real {
        switch value {
        case .word("NaN"): return Real.notANumber
        case .word("Infinity"): return Real.positiveInfinity
        case .word("-Infinity"): return Real.negativeInfinity
        case .number(let text):
            guard let number = parse(text), number.isFinite else { throw V2Oracle.Refused() }
            return number
        default: throw V2Oracle.Refused()
        }
    }

    private static func memory<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
        let count = Integer.bitWidth / 8
        return (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}

/// What the real element types have in common here.
protocol OracleReal {
    static var notANumber: Self { get }
    static var positiveInfinity: Self { get }
    static var negativeInfinity: Self { get }
    var isFinite: Bool { get }
}

extension OracleReal where Self: BinaryFloatingPoint {
    static var notANumber: Self { .nan }
    static var positiveInfinity: Self { .infinity }
    static var negativeInfinity: Self { -.infinity }
}

extension Double: OracleReal {}
extension Float: OracleReal {}
extension Float16: OracleReal {}

/// A brain float: the upper half of a `Float`.
struct Brain: OracleReal, Equatable {
    let bitPattern: UInt16

    init(bitPattern: UInt16) {
        self.bitPattern = bitPattern
    }

    /// The nearest one, by comparing distances; the even one of two that are as near.
    init(nearest number: Double) {
        // The magnitude below: cut off, not rounded.
        let float = Float(abs(number))
        let cut = Double(float) > abs(number) ? float.nextDown : float
        let below = Brain(bitPattern: UInt16(truncatingIfNeeded: min(cut, .greatestFiniteMagnitude).bitPattern >> 16))
        let above = Brain(bitPattern: below.bitPattern + 1)
        let under = abs(number) - below.value
        let over = above.value - abs(number)
        let isAbove = under > over || (under == over && below.bitPattern & 1 == 1)
        let magnitude = (isAbove ? above : below).bitPattern
        self.bitPattern = magnitude | (number.sign == .minus ? 0x8000 : 0)
    }

    /// The value; what would come after the largest finite number for infinity, so that distances make sense.
    var value: Double {
        bitPattern & 0x7fff == 0x7f80 ? 0x1p128 : Double(Float(bitPattern: UInt32(bitPattern) << 16))
    }

    var isFinite: Bool { bitPattern & 0x7f80 != 0x7f80 }
    static let notANumber = Brain(bitPattern: 0x7fc0)
    static let positiveInfinity = Brain(bitPattern: 0x7f80)
    static let negativeInfinity = Brain(bitPattern: 0xff80)
}
