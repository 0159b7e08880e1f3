import ApusCore
import ApusProtocol
import ApusProtos
import FoundationEssentials
import SwiftProtobuf
import Testing

/// Random requests of TensorFlow Serving's, whole and damaged: the decoder must say of each what protobuf's own decoder and
/// the oracle say.
struct TensorFlowMessageMutationTests {
    private static let predictInputs = [
        TensorSpecification(name: "x", dataType: .fp32, shape: [-1]),
        TensorSpecification(name: "y", dataType: .bytes, shape: [-1], isOptional: true),
    ]
    private static let exampleInputs = [
        TensorSpecification(name: "x", dataType: .fp32, shape: [-1, 2]),
        TensorSpecification(name: "n", dataType: .int8, shape: [-1, 1]),
        TensorSpecification(name: "s", dataType: .bytes, shape: [-1, 1]),
    ]

    /// Compares decoder and oracle over one message; says what differs.
    private func disagreement(_ bytes: [UInt8], isPredict: Bool) -> String? {
        var message = TensorFlowMessage(bytes)
        message.inputs = isPredict ? Self.predictInputs : Self.exampleInputs
        message.limits.maxElements = 1 << 20
        let said: [NamedTensor]?
        do throws(InferenceError) {
            said = isPredict ? try message.predict() : try message.examples()
        } catch {
            // Of a message that comes in two parts protobuf makes one; here it is refused.
            guard error.code == .invalidArgument else { return "\(bytes): \(error)" }
            if error.message.contains("there twice") { return nil }
            said = nil
        }
        let wanted =
            isPredict
            ? TensorFlowMessageOracle(predict: bytes, model: message.inputs)
            : TensorFlowMessageOracle(examples: bytes, model: message.inputs)
        guard said.map({ TensorFlowMessageOracle($0) }) != wanted else { return nil }
        return "\(bytes): decoded \(said.map { TensorFlowMessageOracle($0) } as Any), expected \(wanted as Any)"
    }

    private func oracle(_ bytes: [UInt8], isPredict: Bool) -> TensorFlowMessageOracle? {
        isPredict
            ? TensorFlowMessageOracle(predict: bytes, model: Self.predictInputs)
            : TensorFlowMessageOracle(examples: bytes, model: Self.exampleInputs)
    }

    @Test(arguments: [1, 2, 3, UInt64.random(in: .min ... .max)], [true, false])
    func `whole requests mean what the generated messages mean`(seed: UInt64, isPredict: Bool) throws {
        var random = RandomTensorFlowMessage(seed: seed)
        var taken = 0
        for _ in 0..<1_000 {
            let bytes = try random.next(isPredict: isPredict)
            #expect(disagreement(bytes, isPredict: isPredict) == nil, "seed \(seed)")
            if oracle(bytes, isPredict: isPredict) != nil { taken += 1 }
        }
        #expect(taken > 200, "many requests should be right: \(taken), seed \(seed)")
    }

    @Test(arguments: [11, 12, 13, UInt64.random(in: .min ... .max)], [true, false])
    func `damaged requests are refused or mean what protobuf says`(seed: UInt64, isPredict: Bool) throws {
        var random = RandomTensorFlowMessage(seed: seed)
        var others: [[UInt8]] = []
        for _ in 0..<400 {
            let bytes = try random.next(isPredict: isPredict)
            others = others.suffix(8) + [bytes]
            for _ in 0..<12 {
                let damaged = random.damage(bytes, others: others)
                guard !MapEntries.areOdd(in: damaged, isPredict: isPredict) else { continue }
                #expect(disagreement(damaged, isPredict: isPredict) == nil, "seed \(seed)")
            }
        }
    }
}

/// Makes requests at random that are nearly always right.
private struct RandomTensorFlowMessage {
    private var random: RandomMessage

    init(seed: UInt64) {
        random = RandomMessage(seed: seed)
    }

    mutating func next(isPredict: Bool) throws -> [UInt8] {
        isPredict ? try nextPredict().serializedBytes() : try nextExamples().serializedBytes()
    }

    mutating func damage(_ bytes: [UInt8], others: [[UInt8]]) -> [UInt8] {
        random.damage(bytes, others: others)
    }

    private mutating func nextPredict() -> Tensorflow_Serving_PredictRequest {
        var request = Tensorflow_Serving_PredictRequest()
        request.modelSpec.name = "m"
        if random.chance(3) { request.modelSpec.version.value = Int64(random.number(9)) }
        request.inputs["x"] = tensor()
        if random.chance(2) { request.inputs["y"] = tensor() }
        if random.chance(20) { request.inputs["z"] = tensor() }
        return request
    }

    private mutating func tensor() -> Tensorflow_TensorProto {
        let type = DataType.allCases.randomElement(using: &random.generator) ?? .fp32
        let sizes = (0..<random.number(4)).map { _ in Int64(random.number(4)) }
        var tensor = Tensorflow_TensorProto(.init(rawValue: type.tensorFlowNumber) ?? .dtFloat, sizes)
        if random.chance(9) { tensor.tensorShape.dim.append(.with { $0.name = "dim" }) }
        let count = sizes.reduce(1) { $0 * Int($1) }
        if let size = type.byteSize, random.chance(3) {
            let flags = [UInt8](repeating: 1, count: count)
            tensor.tensorContent = Data(type == .bool ? flags : random.bytes(count * size))
            return tensor
        }
        let range = 0..<random.number(count + 2)
        switch type {
        case .bool: tensor.boolVal = range.map { _ in random.chance(2) }
        case .int8, .int16, .int32, .uint8, .uint16: tensor.intVal = range.map { _ in Int32(random.number(120)) }
        case .int64: tensor.int64Val = range.map { _ in Int64.random(in: .min ... .max, using: &random.generator) }
        case .uint32: tensor.uint32Val = range.map { _ in UInt32.random(in: .min ... .max, using: &random.generator) }
        case .uint64: tensor.uint64Val = range.map { _ in UInt64.random(in: .min ... .max, using: &random.generator) }
        case .fp32: tensor.floatVal = range.map { _ in Float.random(in: -9...9, using: &random.generator) }
        case .fp64: tensor.doubleVal = range.map { _ in Double.random(in: -9...9, using: &random.generator) }
        case .fp16, .bf16: tensor.halfVal = range.map { _ in Int32(random.number(65_540)) }
        case .bytes: tensor.stringVal = range.map { _ in Data(random.bytes(random.number(20))) }
        }
        return tensor
    }

    private mutating func nextExamples() -> Tensorflow_Serving_ClassificationRequest {
        var request = Tensorflow_Serving_ClassificationRequest()
        request.modelSpec.name = "m"
        let isShared = random.chance(3)
        let examples = (0..<1 + random.number(3)).map { _ in
            example(random.chance(30) ? ["x"] : isShared ? ["x", "n", "more"] : ["x", "n", "s"])
        }
        guard isShared else {
            request.input.exampleList.examples = examples
            return request
        }
        request.input.exampleListWithContext.examples = examples
        request.input.exampleListWithContext.context = example(random.chance(9) ? ["s", "x"] : ["s"])
        return request
    }

    private mutating func example(_ names: [String]) -> Tensorflow_Example {
        var example = Tensorflow_Example()
        for name in names {
            var feature = Tensorflow_Feature()
            switch random.chance(40) ? "?" : name {
            case "x":
                feature.floatList.value = (0..<(random.chance(20) ? 3 : 2)).map { _ in Float(random.number(100)) / 8 }
            case "s": feature.bytesList.value = [Data(random.bytes(random.number(20)))]
            case "?": if random.chance(2) { feature.floatList.value = [1] }
            default: feature.int64List.value = [Int64(random.number(130))]
            }
            example.features.feature[name] = feature
        }
        return example
    }
}

/// Finds entries of maps whose key or value has a wrong wire type.
///
/// Other parsers step over those, as over every field of a wrong type; swift-protobuf reads on in the middle of them, so
/// there it is no witness.
private enum MapEntries {
    static func areOdd(in message: [UInt8], isPredict: Bool) -> Bool {
        let path: [UInt64] = isPredict ? [2] : [2, 0, 0, 1, 1]
        return areOdd(message[...], path[...])
    }

    /// Follows the fields of the path, 0 standing for the first and the second one, down to the entries.
    private static func areOdd(_ message: ArraySlice<UInt8>, _ path: ArraySlice<UInt64>) -> Bool {
        guard let number = path.first else {
            return ProtobufFields.split(message).contains { ($0.number == 1 || $0.number == 2) && $0.wire != 2 }
        }
        return ProtobufFields.split(message).contains { field in
            (field.number == number || number == 0 && (1...2).contains(field.number))
                && areOdd(field.content, path.dropFirst())
        }
    }
}
