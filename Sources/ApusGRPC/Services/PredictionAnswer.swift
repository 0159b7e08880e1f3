internal import ApusCore
internal import ApusProtos
internal import SwiftProtobuf

/// Makes the plain service's answer of a model's outputs.
enum PredictionAnswer {
    /// The answer.
    ///
    /// - Throws: `invalidArgument` for text that isn't UTF-8, or a number that the message can't hold.
    static func response(
        to id: String,
        model: ModelDescription,
        outputs: [NamedTensor]
    ) throws(InferenceError) -> Apus_V1_PredictResponse {
        var response = Apus_V1_PredictResponse()
        response.id = id
        response.model = model.id.name.description
        response.version = model.id.version.description
        for output in outputs {
            let converted = try convert(output)
            response.outputs[output.name] = converted
            guard response.output.isEmpty, output.tensor.dataType != .bytes else { continue }
            response.output = output.name
            response.shape = converted.shape
            response.predictions =
                converted.integers.isEmpty
                ? converted.numbers.map { Float($0) } : converted.integers.map { Float($0) }
        }
        return response
    }

    private static func convert(_ output: NamedTensor) throws(InferenceError) -> Apus_V1_Output {
        let tensor = output.tensor
        var converted = Apus_V1_Output()
        converted.shape = tensor.shape.dimensions.map { Int64($0) }
        switch tensor.dataType {
        case .fp32: converted.numbers = elements(of: tensor) { (number: Float) in Double(number) }
        case .fp64: converted.numbers = elements(of: tensor) { (number: Double) in number }
        case .fp16: converted.numbers = elements(of: tensor) { (number: Float16) in Double(number) }
        case .bf16:
            converted.numbers = elements(of: tensor) { (half: UInt16) in
                Double(Float(bitPattern: UInt32(half) << 16))
            }
        case .bool: converted.numbers = elements(of: tensor) { (byte: UInt8) in byte == 0 ? 0 : 1 }
        case .int8: converted.integers = elements(of: tensor) { (number: Int8) in Int64(number) }
        case .int16: converted.integers = elements(of: tensor) { (number: Int16) in Int64(number) }
        case .int32: converted.integers = elements(of: tensor) { (number: Int32) in Int64(number) }
        case .int64: converted.integers = elements(of: tensor) { (number: Int64) in number }
        case .uint8: converted.integers = elements(of: tensor) { (number: UInt8) in Int64(number) }
        case .uint16: converted.integers = elements(of: tensor) { (number: UInt16) in Int64(number) }
        case .uint32: converted.integers = elements(of: tensor) { (number: UInt32) in Int64(number) }
        case .uint64:
            let numbers = elements(of: tensor) { (number: UInt64) in number }
            guard let index = numbers.firstIndex(where: { $0 > UInt64(Int64.max) }) else {
                converted.integers = numbers.map { Int64($0) }
                break
            }
            throw unfit(output.name, index, "\(numbers[index]) is beyond 64 bits with sign")
        case .bytes: converted.texts = try texts(of: output)
        }
        return converted
    }

    private static func texts(of output: NamedTensor) throws(InferenceError) -> [String] {
        var texts: [String] = []
        let bytes = output.tensor.storage.bytes
        for (index, range) in (BytesElements.ranges(in: bytes) ?? []).enumerated() {
            let text = unsafe bytes.extracting(range).withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
            guard let text else { throw unfit(output.name, index, "it is not UTF-8") }
            texts.append(text)
        }
        return texts
    }

    private static func unfit(_ name: String, _ index: Int, _ reason: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "element \(index) of output '\(name)' can't be given as a prediction: \(reason)",
            field: name,
            hint: "ask by inference.GRPCInferenceService/ModelInfer"
        )
    }

    private static func elements<Element: BitwiseCopyable, Value>(
        of tensor: Tensor,
        _ convert: (Element) -> Value
    ) -> [Value] {
        unsafe tensor.storage.withUnsafeBytes { memory in
            (0..<memory.count / MemoryLayout<Element>.size).map { index in
                convert(
                    unsafe memory.loadUnaligned(
                        fromByteOffset: index * MemoryLayout<Element>.size,
                        as: Element.self
                    )
                )
            }
        }
    }
}
