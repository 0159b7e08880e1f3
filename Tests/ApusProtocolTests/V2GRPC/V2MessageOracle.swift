import ApusCore
import ApusProtocol
import ApusProtos
import FoundationEssentials
import SwiftProtobuf

/// What a ModelInferRequest means, worked out of the message that protobuf's own decoder makes: slow, simple, and written
/// without a look at the decoder that it judges.
struct V2MessageOracle: Equatable {
    struct Input: Equatable {
        let name: String
        let dataType: DataType
        let dimensions: [Int]
        let bytes: [UInt8]
    }

    let id: String
    let inputs: [Input]
    let outputs: [String]
    let parameters: [String: ParameterValue]

    /// The meaning; `nil` for bytes that are no message and for what the protocol refuses.
    init?(_ bytes: [UInt8]) {
        guard let message = try? Inference_ModelInferRequest(serializedBytes: bytes) else { return nil }
        self.init(message)
    }

    init?(_ message: Inference_ModelInferRequest) {
        var parameters: [String: ParameterValue] = [:]
        for (name, value) in message.parameters {
            guard let choice = value.parameterChoice, !name.hasPrefix("triton_") else { return nil }
            if name == "timeout" {
                switch choice {
                case .int64Param(0...), .uint64Param: continue
                default: return nil
                }
            }
            switch choice {
            case .boolParam(let value): parameters[name] = .bool(value)
            case .int64Param(let value): parameters[name] = .int(value)
            case .stringParam(let value): parameters[name] = .string(value)
            case .doubleParam(let value): parameters[name] = .uint(value.bitPattern)
            case .uint64Param: return nil
            }
        }
        var raw = message.rawInputContents.map { Array($0) }[...]
        let hasRaw = !raw.isEmpty
        var inputs: [Input] = []
        for tensor in message.inputs {
            guard !tensor.name.isEmpty, let dataType = DataType(rawValue: tensor.datatype),
                tensor.parameters["shared_memory_region"] == nil, tensor.shape.count <= 32,
                let shape = TensorShape(tensor.shape.map { Int($0) }), shape.elementCount <= InputLimits().maxElements
            else { return nil }
            let bytes: [UInt8]?
            if hasRaw {
                guard !tensor.hasContents, let entry = raw.popFirst() else { return nil }
                bytes = entry
            } else {
                bytes = V2MessageOracle.bytes(of: tensor.contents, as: dataType)
            }
            guard let bytes, V2MessageOracle.isWhole(bytes, dataType, shape) else { return nil }
            inputs.append(Input(name: tensor.name, dataType: dataType, dimensions: shape.dimensions, bytes: bytes))
        }
        guard raw.isEmpty else { return nil }
        for output in message.outputs {
            guard !output.name.isEmpty, output.parameters["classification"] == nil,
                output.parameters["shared_memory_region"] == nil
            else { return nil }
        }
        self.id = message.id
        self.inputs = inputs
        self.outputs = message.outputs.map(\.name)
        self.parameters = parameters
    }

    /// What our decoder says, in the same form.
    init(_ request: V2InferRequest) {
        self.id = request.id
        self.inputs = request.inputs.map { input in
            Input(
                name: input.name,
                dataType: input.tensor.dataType,
                dimensions: input.tensor.shape.dimensions,
                bytes: input.tensor.byteArray
            )
        }
        self.outputs = request.outputs.map(\.name)
        // Doubles by their bits: one that isn't a number isn't equal to itself.
        self.parameters = request.parameters.mapValues { value in
            if case .double(let number) = value { .uint(number.bitPattern) } else { value }
        }
    }

    private static func isWhole(_ bytes: [UInt8], _ dataType: DataType, _ shape: TensorShape) -> Bool {
        guard dataType == .bytes else { return shape.byteCount(of: dataType) == bytes.count }
        return unsafe BytesElements.count(in: bytes.span.bytes) == shape.elementCount
    }

    private static func bytes(of contents: Inference_InferTensorContents, as dataType: DataType) -> [UInt8]? {
        let filled = [
            contents.boolContents.isEmpty, contents.intContents.isEmpty, contents.int64Contents.isEmpty,
            contents.uintContents.isEmpty, contents.uint64Contents.isEmpty, contents.fp32Contents.isEmpty,
            contents.fp64Contents.isEmpty, contents.bytesContents.isEmpty,
        ]
        let fields: [DataType: Int] = [
            .bool: 0, .int8: 1, .int16: 1, .int32: 1, .int64: 2, .uint8: 3, .uint16: 3, .uint32: 3, .uint64: 4,
            .fp32: 5, .fp64: 6, .bytes: 7,
        ]
        for (field, isEmpty) in filled.enumerated() where !isEmpty && fields[dataType] != field { return nil }
        switch dataType {
        case .bool: return contents.boolContents.map { $0 ? 1 : 0 }
        case .int8: return plain(contents.intContents.map { Int8(exactly: $0) })
        case .int16: return plain(contents.intContents.map { Int16(exactly: $0) })
        case .int32: return plain(contents.intContents)
        case .int64: return plain(contents.int64Contents)
        case .uint8: return plain(contents.uintContents.map { UInt8(exactly: $0) })
        case .uint16: return plain(contents.uintContents.map { UInt16(exactly: $0) })
        case .uint32: return plain(contents.uintContents)
        case .uint64: return plain(contents.uint64Contents)
        case .fp32: return plain(contents.fp32Contents.map(\.bitPattern))
        case .fp64: return plain(contents.fp64Contents.map(\.bitPattern))
        case .bytes: return contents.bytesContents.flatMap { Array($0).rawElement }
        case .fp16, .bf16: return []
        }
    }

    private static func plain<Element: FixedWidthInteger>(_ elements: [Element?]) -> [UInt8]? {
        var bytes: [UInt8] = []
        for element in elements {
            guard let element else { return nil }
            for shift in stride(from: 0, to: Element.bitWidth, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: element >> Element(shift)))
            }
        }
        return bytes
    }
}
