/// The data type of a tensor as `config.pbtxt` names it, with its name in the v2 protocol.
package enum ConfiguredDataType: Int32, Sendable, CaseIterable {
    /// Not set; no tensor has it.
    case invalid = 0
    /// One byte, zero or one.
    case bool = 1
    /// Eight bits without sign.
    case uint8 = 2
    /// Sixteen bits without sign.
    case uint16 = 3
    /// Thirty-two bits without sign.
    case uint32 = 4
    /// Sixty-four bits without sign.
    case uint64 = 5
    /// Eight bits with sign.
    case int8 = 6
    /// Sixteen bits with sign.
    case int16 = 7
    /// Thirty-two bits with sign.
    case int32 = 8
    /// Sixty-four bits with sign.
    case int64 = 9
    /// Floating point of sixteen bits, IEEE 754.
    case fp16 = 10
    /// Floating point of thirty-two bits.
    case fp32 = 11
    /// Floating point of sixty-four bits.
    case fp64 = 12
    /// Byte strings of any length; `BYTES` in the v2 protocol, never `STRING`.
    case string = 13
    /// Floating point of sixteen bits with the range of thirty-two.
    case bf16 = 14

    /// The name in the v2 protocol; `INVALID` when nothing is set.
    package var v2Name: String {
        switch self {
        case .invalid: "INVALID"
        case .bool: "BOOL"
        case .uint8: "UINT8"
        case .uint16: "UINT16"
        case .uint32: "UINT32"
        case .uint64: "UINT64"
        case .int8: "INT8"
        case .int16: "INT16"
        case .int32: "INT32"
        case .int64: "INT64"
        case .fp16: "FP16"
        case .fp32: "FP32"
        case .fp64: "FP64"
        case .string: "BYTES"
        case .bf16: "BF16"
        }
    }

    /// The name in `config.pbtxt` and in the JSON of a configuration.
    package var configurationName: String {
        self == .string ? "TYPE_STRING" : "TYPE_" + v2Name
    }

    /// The type of that name in the v2 protocol, or nil when there is none.
    package init?(v2Name: String) {
        guard let type = Self.allCases.first(where: { $0 != .invalid && $0.v2Name == v2Name }) else { return nil }
        self = type
    }
}
