internal import ApusCore

/// The features of a list of examples, or of their context, as columns.
struct ExampleColumns {
    /// One for each input of the model.
    let columns: [TensorColumn]
    /// How many examples there are; 1 for a context.
    let count: Int
}

extension TensorFlowServingDecoder {
    /// Reads `context`: features that all examples share.
    func decodeContext(context: Context, memory: inout RequestMemory) throws(InferenceError) -> ExampleColumns {
        guard reader.kind == .object else { throw .exampleIsNoObject("context") }
        let columns = context.model.inputs.map { TensorColumn(input: $0, isFeature: true) }
        try decodeFeatures("context", row: 0, of: 1, into: columns, context: context, memory: &memory)
        return ExampleColumns(columns: columns, count: 1)
    }

    /// Reads `examples`: objects with the features of one example each.
    func decodeExampleList(context: Context, memory: inout RequestMemory) throws(InferenceError) -> ExampleColumns {
        guard reader.kind == .array else { throw .notAList("examples") }
        let count = try field("examples", expected: "a list of objects") { reader throws(JSONFailure) in
            let count = try reader.countElements()
            try reader.enterArray()
            return count
        }
        guard count > 0 else { throw .noValues("examples") }
        let columns = context.model.inputs.map { TensorColumn(input: $0, isFeature: true) }
        var row = 0
        while try nextElement() {
            guard reader.kind == .object else { throw .exampleIsNoObject("examples[\(row)]") }
            try decodeFeatures(
                "examples[\(row)]",
                row: row,
                of: count,
                into: columns,
                context: context,
                memory: &memory
            )
            row += 1
        }
        return ExampleColumns(columns: columns, count: row)
    }

    private func decodeFeatures(
        _ place: @autoclosure () -> String,
        row: Int,
        of rowCount: Int,
        into columns: [TensorColumn],
        context: Context,
        memory: inout RequestMemory
    ) throws(InferenceError) {
        try whole { reader throws(JSONFailure) in try reader.enterObject() }
        var likely = 0
        while try nextMember() {
            guard let index = indexOfMember(among: columns, from: likely) else {
                try skip()
                continue
            }
            let column = columns[index]
            guard column.rows <= row else { throw .duplicate("\(place()).\(column.input.name)") }
            guard column.rows == row else { throw .missingFeature(column.input.name, example: column.rows) }
            try column.read(
                reader,
                rows: rowCount,
                at: "\(place()).\(column.input.name)",
                limits: limits(context),
                memory: &memory
            )
            likely = index + 1
        }
    }

    /// Makes the tensors: what the examples have, and what the context has for each of them.
    func join(
        _ examples: ExampleColumns,
        with common: ExampleColumns?,
        context: Context,
        memory: inout RequestMemory
    ) throws(InferenceError) -> [NamedTensor] {
        var tensors: [NamedTensor] = []
        for (index, column) in examples.columns.enumerated() {
            let shared = common?.columns[index]
            if let shared, shared.rows > 0 {
                guard column.rows == 0 else { throw .sharedFeature(column.input.name) }
                let tensor = try shared.tensor(dimensions: [shared.rowElements], limits: limits)
                let repeated = try repeated(tensor, count: examples.count, name: column.input.name, memory: &memory)
                tensors.append(try named(repeated, column.input, count: examples.count, each: shared.rowElements))
                continue
            }
            guard column.rows > 0 || !column.input.isOptional else { continue }
            guard column.rows == examples.count else {
                throw .missingFeature(column.input.name, example: column.rows)
            }
            let tensor = try column.tensor(dimensions: [column.rows, column.rowElements], limits: limits)
            tensors.append(try named(tensor, column.input, count: column.rows, each: column.rowElements))
        }
        return tensors
    }

    private func named(
        _ tensor: Tensor,
        _ input: TensorSpecification,
        count: Int,
        each: Int
    ) throws(InferenceError) -> NamedTensor {
        let dimensions = try TensorFlowSignature.dimensions(of: input, examples: count, values: each)
        guard let shape = TensorShape(dimensions), shape.elementCount == tensor.shape.elementCount else {
            throw .tooManyElements(input.name, limit: limits.maxElements)
        }
        let shaped = Tensor(dataType: tensor.dataType, shape: shape, storage: tensor.storage)
        return NamedTensor(name: input.name, tensor: shaped)
    }

    /// The same elements so many times over, in memory that is charged before it is taken.
    private func repeated(
        _ tensor: Tensor,
        count: Int,
        name: String,
        memory: inout RequestMemory
    ) throws(InferenceError) -> Tensor {
        let length = tensor.storage.byteCount
        let (elements, overflow) = tensor.shape.elementCount.multipliedReportingOverflow(by: count)
        let (byteCount, byteOverflow) = length.multipliedReportingOverflow(by: count)
        guard !overflow, !byteOverflow, elements <= limits.maxElements, let shape = TensorShape([elements]) else {
            throw .tooManyElements(name, limit: limits.maxElements)
        }
        guard byteCount <= limits.maxBodyBytes else {
            throw .featureRepeated(name, examples: count, byteCount: byteCount, limit: limits.maxBodyBytes)
        }
        if tensor.dataType == .bytes { try memory.chargeElements(elements) }
        let storage = try memory.allocate(byteCount: byteCount, alignment: tensor.dataType.alignment)
        unsafe storage.withUnsafeMutableBytes { target in
            unsafe tensor.storage.withUnsafeBytes { source in
                for index in 0..<count where length > 0 {
                    let part = unsafe target[index * length..<(index + 1) * length]
                    unsafe UnsafeMutableRawBufferPointer(rebasing: part).copyMemory(from: source)
                }
            }
        }
        return Tensor(dataType: tensor.dataType, shape: shape, storage: storage)
    }
}
