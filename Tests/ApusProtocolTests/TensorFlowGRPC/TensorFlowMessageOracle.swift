import ApusCore
import ApusProtocol
import ApusProtos
import FoundationEssentials
import SwiftProtobuf

/// What requests of TensorFlow Serving's mean, worked out of the messages that protobuf's own decoder makes: slow, simple,
/// and written without a look at the decoder that it judges.
struct TensorFlowMessageOracle: Equatable, CustomStringConvertible {
    struct Input: Equatable {
        let name: String
        let dataType: DataType
        let dimensions: [Int]
        let bytes: [UInt8]
    }

    let inputs: [Input]

    var description: String {
        inputs.map { "\($0.name) \($0.dataType)\($0.dimensions) \($0.bytes)" }.joined(separator: "; ")
    }

    /// What our decoder says, in the same form.
    init(_ tensors: [NamedTensor]) {
        inputs = tensors.map { input in
            Input(
                name: input.name,
                dataType: input.tensor.dataType,
                dimensions: input.tensor.shape.dimensions,
                bytes: input.tensor.byteArray
            )
        }
    }

    /// The meaning of a PredictRequest; `nil` for what is none or is refused.
    init?(predict bytes: [UInt8], model: [TensorSpecification]) {
        guard let message = try? Tensorflow_Serving_PredictRequest(serializedBytes: bytes),
            Set(message.inputs.keys).isSubset(of: model.map(\.name)), message.outputFilter.isEmpty
        else { return nil }
        var inputs: [Input] = []
        for input in model {
            guard let tensor = message.inputs[input.name] else {
                guard input.isOptional else { return nil }
                continue
            }
            guard let type = DataType.allCases.first(where: { $0.tensorFlowNumber == tensor.dtype.rawValue }),
                !tensor.tensorShape.unknownRank,
                let shape = TensorShape(tensor.tensorShape.dim.map { Int($0.size) }), shape.elementCount <= 1 << 20
            else { return nil }
            let content = [UInt8](tensor.tensorContent)
            let bytes: [UInt8]?
            if content.isEmpty {
                bytes = TensorFlowMessageOracle.bytes(of: tensor, type, count: shape.elementCount)
            } else {
                bytes = shape.byteCount(of: type) == content.count ? content : nil
            }
            guard let bytes, type != .bool || bytes.allSatisfy({ $0 < 2 }) else { return nil }
            inputs.append(Input(name: input.name, dataType: type, dimensions: shape.dimensions, bytes: bytes))
        }
        self.inputs = inputs
    }

    /// The meaning of a ClassificationRequest to a model whose inputs are rows of so many values.
    init?(examples bytes: [UInt8], model: [TensorSpecification]) {
        guard let message = try? Tensorflow_Serving_ClassificationRequest(serializedBytes: bytes) else { return nil }
        var examples: [Tensorflow_Example] = []
        var context = Tensorflow_Example()
        switch message.input.kind {
        case .exampleList(let list): examples = list.examples
        case .exampleListWithContext(let list): (examples, context) = (list.examples, list.context)
        case nil: return nil
        }
        guard !examples.isEmpty else { return nil }
        var inputs: [Input] = []
        for input in model {
            let width = input.shape[1]
            var rows: [[UInt8]] = []
            for example in examples {
                let own = example.features.feature[input.name].flatMap { $0.kind == nil ? nil : $0 }
                let shared = context.features.feature[input.name].flatMap { $0.kind == nil ? nil : $0 }
                guard own == nil || shared == nil, let feature = own ?? shared,
                    let row = TensorFlowMessageOracle.row(of: feature, input.dataType), row.count == width
                else { return nil }
                rows.append(row.flatMap { $0 })
            }
            inputs.append(
                Input(
                    name: input.name,
                    dataType: input.dataType,
                    dimensions: [examples.count, width],
                    bytes: rows.flatMap { $0 }
                )
            )
        }
        self.inputs = inputs
    }

    /// The elements of a feature, each in its bytes.
    private static func row(of feature: Tensorflow_Feature, _ type: DataType) -> [[UInt8]]? {
        switch (feature.kind, type) {
        case (.bytesList(let list)?, .bytes): return list.value.map { [UInt8]($0).rawElement }
        case (.floatList(let list)?, .fp32): return list.value.map { littleEndian($0.bitPattern) }
        case (.floatList(let list)?, .fp64): return list.value.map { littleEndian(Double($0).bitPattern) }
        case (.int64List(let list)?, .int64): return list.value.map { littleEndian($0) }
        case (.int64List(let list)?, .int8): return every(list.value.map { Int8(exactly: $0).map { littleEndian($0) } })
        default: return nil
        }
    }

    /// The elements of a tensor's list, the last one repeated.
    private static func bytes(of tensor: Tensorflow_TensorProto, _ type: DataType, count: Int) -> [UInt8]? {
        var elements: [[UInt8]?]
        let ints = tensor.intVal
        switch type {
        case .bool: elements = tensor.boolVal.map { [$0 ? 1 : 0] }
        case .int8: elements = ints.map { Int8(exactly: $0).map { littleEndian($0) } }
        case .int16: elements = ints.map { Int16(exactly: $0).map { littleEndian($0) } }
        case .int32: elements = ints.map { littleEndian($0) }
        case .int64: elements = tensor.int64Val.map { littleEndian($0) }
        case .uint8: elements = ints.map { UInt8(exactly: $0).map { littleEndian($0) } }
        case .uint16: elements = ints.map { UInt16(exactly: $0).map { littleEndian($0) } }
        case .uint32: elements = tensor.uint32Val.map { littleEndian($0) }
        case .uint64: elements = tensor.uint64Val.map { littleEndian($0) }
        case .fp16, .bf16: elements = tensor.halfVal.map { UInt16(exactly: $0).map { littleEndian($0) } }
        case .fp32: elements = tensor.floatVal.map { littleEndian($0.bitPattern) }
        case .fp64: elements = tensor.doubleVal.map { littleEndian($0.bitPattern) }
        case .bytes: elements = tensor.stringVal.map { [UInt8]($0).rawElement }
        }
        elements = Array(elements.prefix(count))
        let filler = elements.last ?? [UInt8](repeating: 0, count: type.byteSize ?? 4)
        while elements.count < count { elements.append(filler) }
        return every(elements).map { $0.flatMap { $0 } }
    }

    private static func every(_ elements: [[UInt8]?]) -> [[UInt8]]? {
        let whole = elements.compactMap { $0 }
        return whole.count == elements.count ? whole : nil
    }

    private static func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        stride(from: 0, to: Number.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: number >> Number($0)) }
    }
}
