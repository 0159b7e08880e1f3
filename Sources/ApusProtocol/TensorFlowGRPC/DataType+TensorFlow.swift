package import ApusCore

extension DataType {
    /// TensorFlow's number of the type.
    package var tensorFlowNumber: Int {
        switch self {
        case .fp32: 1
        case .fp64: 2
        case .int32: 3
        case .uint8: 4
        case .int16: 5
        case .int8: 6
        case .bytes: 7
        case .int64: 9
        case .bool: 10
        case .bf16: 14
        case .uint16: 17
        case .fp16: 19
        case .uint32: 22
        case .uint64: 23
        }
    }

    /// The type of TensorFlow's number; `nil` for those that no model here has.
    init?(tensorFlowNumber number: Int) {
        guard let known = DataType.allCases.first(where: { $0.tensorFlowNumber == number }) else { return nil }
        self = known
    }

    /// What TensorFlow calls the type of a number, as far as it is worth knowing.
    static func tensorFlowName(ofNumber number: Int) -> String {
        if let known = DataType(tensorFlowNumber: number) { return known.tensorFlowName }
        let others = [0: "DT_INVALID", 8: "DT_COMPLEX64", 18: "DT_COMPLEX128", 20: "DT_RESOURCE", 21: "DT_VARIANT"]
        return others[number] ?? "type \(number)"
    }

    /// The list of TensorProto that holds elements of the type.
    var tensorFlowList: ProtobufList {
        switch self {
        case .fp32: ProtobufList(number: 5, element: .float)
        case .fp64: ProtobufList(number: 6, element: .double)
        case .int8, .int16, .int32, .uint8, .uint16: ProtobufList(number: 7, element: .int32)
        case .bytes: ProtobufList(number: 8, element: .bytes)
        case .int64: ProtobufList(number: 10, element: .int64)
        case .bool: ProtobufList(number: 11, element: .bool)
        case .fp16, .bf16: ProtobufList(number: 13, element: .int32)
        case .uint32: ProtobufList(number: 16, element: .uint32)
        case .uint64: ProtobufList(number: 17, element: .uint64)
        }
    }
}
