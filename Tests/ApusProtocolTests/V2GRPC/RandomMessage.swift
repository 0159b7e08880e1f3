import ApusCore
import ApusProtos
import FoundationEssentials
import SwiftProtobuf

/// Makes requests at random that are nearly always right.
struct RandomMessage {
    var generator: SeededGenerator

    init(seed: UInt64) {
        self.generator = SeededGenerator(seed: seed)
    }

    /// The next request.
    mutating func next() -> Inference_ModelInferRequest {
        var request = Inference_ModelInferRequest()
        request.modelName = text()
        if chance(2) { request.modelVersion = text() }
        if chance(2) { request.id = text() }
        for _ in 0..<number(3) { request.parameters[text()] = parameter() }
        for _ in 0..<number(3) {
            var output = Inference_ModelInferRequest.InferRequestedOutputTensor()
            output.name = "y" + text()
            if chance(3) { output.parameters[text()] = parameter() }
            request.outputs.append(output)
        }
        let isRaw = chance(2)
        for _ in 0..<number(4) {
            let dataType = DataType.allCases.randomElement(using: &generator) ?? .fp32
            let shape = (0..<number(4)).map { _ in Int64(number(4)) }
            let count = shape.reduce(1) { $0 * Int($1) }
            var input = Inference_ModelInferRequest.InferInputTensor(
                chance(3) ? "known" : "x" + text(),
                dataType,
                shape
            )
            if chance(4) { input.parameters[text()] = parameter() }
            if isRaw {
                request.rawInputContents.append(Data(raw(dataType, count: count)))
            } else if count > 0 || chance(2) {
                fill(&input.contents, dataType, count: count)
            }
            request.inputs.append(input)
        }
        return request
    }

    private mutating func raw(_ dataType: DataType, count: Int) -> [UInt8] {
        guard let size = dataType.byteSize else { return (0..<count).flatMap { _ in bytes(number(20)).rawElement } }
        return bytes(size * count)
    }

    private mutating func fill(_ contents: inout Inference_InferTensorContents, _ dataType: DataType, count: Int) {
        let range = 0..<count
        switch dataType {
        case .bool: contents.boolContents = range.map { _ in chance(2) }
        case .int8: contents.intContents = range.map { _ in Int32(Int8.random(in: .min ... .max, using: &generator)) }
        case .int16: contents.intContents = range.map { _ in Int32(number(70_000)) - 32_768 }
        case .int32: contents.intContents = range.map { _ in Int32.random(in: .min ... .max, using: &generator) }
        case .int64: contents.int64Contents = range.map { _ in Int64.random(in: .min ... .max, using: &generator) }
        case .uint8: contents.uintContents = range.map { _ in UInt32(number(258)) }
        case .uint16: contents.uintContents = range.map { _ in UInt32(number(65_536)) }
        case .uint32: contents.uintContents = range.map { _ in UInt32.random(in: .min ... .max, using: &generator) }
        case .uint64: contents.uint64Contents = range.map { _ in UInt64.random(in: .min ... .max, using: &generator) }
        case .fp32: contents.fp32Contents = range.map { _ in Float.random(in: -9...9, using: &generator) }
        case .fp64: contents.fp64Contents = range.map { _ in Double.random(in: -9...9, using: &generator) }
        case .bytes: contents.bytesContents = range.map { _ in Data(bytes(number(20))) }
        case .fp16, .bf16: break
        }
    }

    private mutating func parameter() -> Inference_InferParameter {
        var parameter = Inference_InferParameter()
        switch number(6) {
        case 0: parameter.boolParam = chance(2)
        case 1: parameter.int64Param = Int64.random(in: .min ... .max, using: &generator)
        case 2: parameter.stringParam = text()
        case 3: parameter.doubleParam = Double.random(in: -9...9, using: &generator)
        case 4: if chance(4) { parameter.uint64Param = UInt64(number(9)) } else { parameter.boolParam = false }
        default: if !chance(4) { parameter.int64Param = -1 }
        }
        return parameter
    }

    private mutating func text() -> String {
        let words = [
            "", "a", "known", "Zürich", "a name of more than fifteen bytes", "timeout", "\u{1F600}", "b", "c", "d",
        ]
        return words.randomElement(using: &generator) ?? ""
    }

    /// Changes, drops and adds bytes, and whole fields of other requests.
    mutating func damage(_ bytes: [UInt8], others: [[UInt8]]) -> [UInt8] {
        guard !bytes.isEmpty else { return self.bytes(4) }
        var damaged = bytes
        let at = number(bytes.count)
        switch number(6) {
        case 0: damaged[at] = UInt8(number(256))
        case 1: damaged[at] ^= 1 << UInt8(number(8))
        case 2: damaged.remove(at: at)
        case 3: damaged.insert(UInt8(number(256)), at: at)
        case 4: damaged.removeLast(number(bytes.count))
        default:
            // Fields twice, and those of other requests.
            let other = others.randomElement(using: &generator) ?? []
            damaged += chance(2) ? other : Array(other.dropFirst(number(other.count + 1)))
        }
        return damaged
    }

    /// Random bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// A number below a bound.
    mutating func number(_ bound: Int) -> Int {
        Int.random(in: 0..<bound, using: &generator)
    }

    /// True once in so many times.
    mutating func chance(_ times: Int) -> Bool {
        number(times) == 0
    }
}
