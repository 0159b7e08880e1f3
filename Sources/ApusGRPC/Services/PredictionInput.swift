internal import ApusCore

/// The one numeric input of a model, and how a list of numbers becomes its tensor.
struct PredictionInput {
    let specification: TensorSpecification
    private let model: ModelName

    /// Finds the input.
    ///
    /// - Throws: `unsupported` for a model with several inputs, or one of text.
    init(model: ModelDescription) throws(InferenceError) {
        self.model = model.id.name
        let required = model.inputs.filter { !$0.isOptional }
        guard let input = required.first ?? model.inputs.first, required.count <= 1, input.dataType != .bytes else {
            throw InferenceError(
                .unsupported,
                "Predict is for models with one numeric input; '\(model.id.name)' has "
                    + model.inputs.map { "\($0.name) (\($0.dataType.rawValue))" }.joined(separator: ", "),
                field: "model",
                hint: "ask by inference.GRPCInferenceService/ModelInfer"
            )
        }
        self.specification = input
    }

    /// The shape of the data: the one that is given, with leading ones where the model has more dimensions, else the
    /// model's own, filled.
    func shape(_ given: [Int64], elementCount: Int, limits: InputLimits) throws(InferenceError) -> TensorShape {
        var sizes: [Int]
        if given.isEmpty {
            sizes = try filled(elementCount)
        } else {
            guard given.count <= TensorShape.maxRank else { throw wrongShape(given.map { Int($0) }, elementCount) }
            sizes = given.map { Int($0) }
            let missing = specification.shape.count - sizes.count
            if missing > 0 { sizes = [Int](repeating: 1, count: missing) + sizes }
        }
        guard let shape = TensorShape(sizes), shape.elementCount == elementCount, elementCount <= limits.maxElements
        else { throw wrongShape(sizes, elementCount) }
        return shape
    }

    /// The model's shape with its one dimension of any size filled; several need to be told.
    private func filled(_ elementCount: Int) throws(InferenceError) -> [Int] {
        var sizes = specification.shape
        var open = sizes.indices.filter { sizes[$0] == -1 }
        if open.count > 1, open.first == 0 {
            // A batch of one is meant when the rest is to be filled.
            sizes[0] = 1
            open.removeFirst()
        }
        guard open.count <= 1 else { throw wrongShape(specification.shape, elementCount) }
        guard let index = open.first else { return sizes }
        sizes[index] = 1
        guard let row = TensorShape(sizes)?.elementCount, row > 0, elementCount % row == 0 else {
            throw wrongShape(specification.shape, elementCount)
        }
        sizes[index] = elementCount / row
        return sizes
    }

    private func wrongShape(_ sizes: [Int], _ elementCount: Int) -> InferenceError {
        let words = "[\(specification.shape.map(String.init).joined(separator: ","))]"
        return InferenceError(
            .invalidArgument,
            "unexpected shape for input '\(specification.name)' for model '\(model)'. Expected \(words), got "
                + "\(elementCount) values, which don't fill [\(sizes.map(String.init).joined(separator: ","))]",
            field: "shape",
            expected: words,
            got: "\(elementCount) values",
            hint: "send 'shape' with the data, outermost dimension first"
        )
    }

    /// The numbers as the input's type; whole numbers only where the type is one.
    func tensor(
        _ data: [Float],
        shape: TensorShape,
        memory: inout RequestMemory
    ) throws(InferenceError) -> Tensor {
        guard let byteCount = shape.byteCount(of: specification.dataType) else { throw ByteBudget.exhausted }
        let storage = try memory.allocate(byteCount: byteCount, alignment: specification.dataType.alignment)
        switch specification.dataType {
        case .fp32: try fill(storage, data) { $0 }
        case .fp64: try fill(storage, data) { Double($0) }
        case .fp16: try fill(storage, data) { Float16($0) }
        case .bf16: try fill(storage, data) { PredictionInput.bfloat16($0) }
        case .bool: try fill(storage, data) { $0 == 0 ? 0 as UInt8 : $0 == 1 ? 1 : nil }
        case .int8: try fill(storage, data) { Int8(exactly: $0) }
        case .int16: try fill(storage, data) { Int16(exactly: $0) }
        case .int32: try fill(storage, data) { Int32(exactly: $0) }
        case .int64: try fill(storage, data) { Int64(exactly: $0) }
        case .uint8: try fill(storage, data) { UInt8(exactly: $0) }
        case .uint16: try fill(storage, data) { UInt16(exactly: $0) }
        case .uint32: try fill(storage, data) { UInt32(exactly: $0) }
        case .uint64: try fill(storage, data) { UInt64(exactly: $0) }
        case .bytes: throw InferenceError(.unsupported, "text is for ModelInfer", field: "data")
        }
        return Tensor(dataType: specification.dataType, shape: shape, storage: storage)
    }

    private func fill<Element: BitwiseCopyable>(
        _ storage: TensorStorage,
        _ data: [Float],
        _ convert: (Float) -> Element?
    ) throws(InferenceError) {
        try unsafe storage.withUnsafeMutableBytes { memory throws(InferenceError) in
            for (index, number) in data.enumerated() {
                guard let element = convert(number) else {
                    throw InferenceError(
                        .invalidArgument,
                        "'data[\(index)]': \(number) can't be \(specification.dataType.rawValue), the type of input "
                            + "'\(specification.name)'",
                        field: "data[\(index)]",
                        expected: "a number that \(specification.dataType.rawValue) can hold",
                        got: "\(number)"
                    )
                }
                let offset = index * MemoryLayout<Element>.size
                unsafe memory.storeBytes(of: element, toByteOffset: offset, as: Element.self)
            }
        }
    }

    /// The upper half of a float, rounded to the nearest, halves to even.
    private static func bfloat16(_ number: Float) -> UInt16 {
        let bits = number.bitPattern
        guard !number.isNaN else { return UInt16(bits >> 16) | 0x40 }
        return UInt16((bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }
}
