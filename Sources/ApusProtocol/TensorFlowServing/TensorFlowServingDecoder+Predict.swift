internal import ApusCore

extension TensorFlowServingDecoder {
    /// Reads `instances`: rows of the only input, or objects with a value for each input.
    func decodeRows(context: Context, memory: inout RequestMemory) throws(InferenceError) -> [NamedTensor] {
        guard reader.kind == .array else { throw .notAList("instances") }
        let input = context.model.soleInput
        let outlook = try field("instances", expected: "a list") { reader throws(JSONFailure) in
            try reader.look(isText: input?.dataType == .bytes)
        }
        if outlook.isNamed { return try decodeNamedRows(context: context, memory: &memory) }
        let count = try field("instances", expected: "a list") { reader throws(JSONFailure) in
            input == nil ? try reader.countElements() : 1
        }
        guard count > 0 else { throw .noValues("instances") }
        guard let input else { throw .plainRows(inputs: context.model.inputs) }
        let column = TensorColumn(input: input)
        try column.read(reader, rows: 1, at: "instances", limits: limits(context), memory: &memory)
        let tensor = try column.tensor(dimensions: column.shape.dimensions, limits: limits)
        guard tensor.shape.dimensions.first != 0 else { throw .noValues("instances") }
        return [NamedTensor(name: input.name, tensor: tensor)]
    }

    private func decodeNamedRows(
        context: Context,
        memory: inout RequestMemory
    ) throws(InferenceError) -> [NamedTensor] {
        let rowCount = try field("instances", expected: "a list") { reader throws(JSONFailure) in
            let count = try reader.countElements()
            try reader.enterArray()
            return count
        }
        let columns = context.model.inputs.map { TensorColumn(input: $0) }
        var valueCount = 0
        var row = 0
        while try nextElement() {
            let count = try decodeRow(row, of: rowCount, into: columns, context: context, memory: &memory)
            if row == 0 {
                valueCount = count
                if let missing = columns.first(where: { $0.rows == 0 && !$0.input.isOptional }) {
                    throw .missingInRow(0, name: missing.input.name, inputs: context.model.inputs)
                }
            } else if count != valueCount {
                let missing = columns.first { $0.rows == row }?.input.name ?? ""
                throw .missingInRow(row, name: missing, inputs: context.model.inputs)
            }
            row += 1
        }
        var tensors: [NamedTensor] = []
        for column in columns where column.rows > 0 {
            let tensor = try column.tensor(dimensions: [row] + column.shape.dimensions, limits: limits)
            tensors.append(NamedTensor(name: column.input.name, tensor: tensor))
        }
        return tensors
    }

    /// Reads one object of `instances`; returns how many inputs it names.
    private func decodeRow(
        _ row: Int,
        of rowCount: Int,
        into columns: [TensorColumn],
        context: Context,
        memory: inout RequestMemory
    ) throws(InferenceError) -> Int {
        guard reader.kind == .object else { throw .rowIsNoObject(row) }
        try whole { reader throws(JSONFailure) in try reader.enterObject() }
        var count = 0
        while try nextMember() {
            guard let index = indexOfMember(among: columns, from: count) else {
                throw .unknownInRow(row, name: reader.key, inputs: context.model.inputs)
            }
            let column = columns[index]
            let place = { "instances[\(row)].\(column.input.name)" }
            guard column.rows <= row else { throw .duplicate(place()) }
            guard column.rows == row else {
                throw .missingInRow(column.rows, name: column.input.name, inputs: context.model.inputs)
            }
            try column.read(reader, rows: rowCount, at: place(), limits: limits(context), memory: &memory)
            count += 1
        }
        return count
    }

    /// Reads `inputs`: the only input's value, or an object with a value for each input.
    func decodeColumns(context: Context, memory: inout RequestMemory) throws(InferenceError) -> [NamedTensor] {
        let input = context.model.soleInput
        let outlook = try field("inputs", expected: "a value, a list or an object") { reader throws(JSONFailure) in
            try reader.look(isText: input?.dataType == .bytes)
        }
        if reader.kind == .object, outlook.isNamed || input == nil {
            return try decodeNamedColumns(context: context, memory: &memory)
        }
        guard let input else { throw .plainColumns(inputs: context.model.inputs) }
        let column = TensorColumn(input: input)
        try column.read(reader, rows: 1, at: "inputs", limits: limits(context), memory: &memory)
        let tensor = try column.tensor(dimensions: column.shape.dimensions, limits: limits)
        return [NamedTensor(name: input.name, tensor: tensor)]
    }

    private func decodeNamedColumns(
        context: Context,
        memory: inout RequestMemory
    ) throws(InferenceError) -> [NamedTensor] {
        try whole { reader throws(JSONFailure) in try reader.enterObject() }
        let columns = context.model.inputs.map { TensorColumn(input: $0) }
        var count = 0
        while try nextMember() {
            guard let index = indexOfMember(among: columns, from: count) else {
                try skip()
                continue
            }
            let column = columns[index]
            guard column.rows == 0 else { throw .duplicate("inputs.\(column.input.name)") }
            try column.read(
                reader,
                rows: 1,
                at: "inputs.\(column.input.name)",
                limits: limits(context),
                memory: &memory
            )
            count += 1
        }
        var tensors: [NamedTensor] = []
        for column in columns {
            guard column.rows > 0 else {
                guard column.input.isOptional else { throw .missingColumn(column.input.name) }
                continue
            }
            let tensor = try column.tensor(dimensions: column.shape.dimensions, limits: limits)
            tensors.append(NamedTensor(name: column.input.name, tensor: tensor))
        }
        return tensors
    }

    /// The input that the current member is named after; most clients keep to the model's order.
    func indexOfMember(among columns: [TensorColumn], from likely: Int) -> Int? {
        if likely < columns.count, reader.isKey(named: columns[likely].input.name) { return likely }
        return columns.firstIndex { reader.isKey(named: $0.input.name) }
    }

    func limits(_ context: Context) -> TensorColumn.Limits {
        TensorColumn.Limits(maxElements: limits.maxElements, jsonByteCount: context.jsonByteCount)
    }
}

extension ModelDescription {
    /// The input that a value without a name is for: the only one, or the only one that must be given.
    var soleInput: TensorSpecification? {
        if inputs.count == 1 { return inputs[0] }
        let required = inputs.filter { !$0.isOptional }
        return required.count == 1 ? required[0] : nil
    }
}
