internal import ApusCore

/// The library's numbers for element types.
enum ElementType {
    /// The library's number of one of our types.
    static func code(of type: DataType) -> Int32 {
        switch type {
        case .fp32: 1
        case .uint8: 2
        case .int8: 3
        case .uint16: 4
        case .int16: 5
        case .int32: 6
        case .int64: 7
        case .bytes: 8
        case .bool: 9
        case .fp16: 10
        case .fp64: 11
        case .uint32: 12
        case .uint64: 13
        case .bf16: 16
        }
    }

    /// Our type for one of the library's numbers; `nil` for those that the v2 protocol doesn't have.
    static func dataType(of code: Int32) -> DataType? {
        DataType.allCases.first { self.code(of: $0) == code }
    }

    /// The library's name of a number, for messages.
    static func label(of code: Int32) -> String {
        let others: [Int32: String] = [
            14: "complex64", 15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2",
            20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "uint2", 25: "int2", 26: "float8e8m0",
        ]
        return dataType(of: code)?.rawValue ?? others[code] ?? "element type \(code)"
    }
}
