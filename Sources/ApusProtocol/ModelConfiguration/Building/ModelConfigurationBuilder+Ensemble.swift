extension ModelConfigurationBuilder {
    /// Makes the model an ensemble of these steps, in place of those it has.
    package mutating func setEnsemble(_ steps: [ModelConfiguration.EnsembleScheduling.Step]) {
        var ensemble = ModelConfigurationMessage(schema: ModelConfigurationSchema.modelEnsembling)
        for step in steps {
            var written = ModelConfigurationMessage(schema: ModelConfigurationSchema.ensembleStep)
            written.assign("model_name", .string(step.modelName))
            written.assign("model_version", .signed(step.modelVersion ?? -1))
            for (input, tensor) in step.inputMap.sorted(by: { $0.key < $1.key }) {
                written.append("input_map", key: input, .string(tensor))
            }
            for (output, tensor) in step.outputMap.sorted(by: { $0.key < $1.key }) {
                written.append("output_map", key: output, .string(tensor))
            }
            ensemble.append("step", .message(written))
        }
        message.assign("ensemble_scheduling", .message(ensemble))
        message.assign("platform", .string("ensemble"))
    }

    /// Names inputs whose type and shape aren't known yet, in place of those that are there.
    package mutating func setInputNames(_ names: [String]) {
        setNames(names, of: "input", ModelConfigurationSchema.modelInput)
    }

    /// Names outputs whose type and shape aren't known yet, in place of those that are there.
    package mutating func setOutputNames(_ names: [String]) {
        setNames(names, of: "output", ModelConfigurationSchema.modelOutput)
    }

    private mutating func setNames(_ names: [String], of field: String, _ schema: MessageSchema) {
        message.remove(field)
        for name in names {
            var tensor = ModelConfigurationMessage(schema: schema)
            tensor.assign("name", .string(name))
            message.append(field, .message(tensor))
        }
    }

    /// Fills in what an input leaves to the models that need it.
    package mutating func completeInput(
        _ index: Int,
        v2DataType: String,
        dims: [Int64],
        isOptional: Bool
    ) throws(ModelConfigurationError) {
        try complete("input", index, v2DataType: v2DataType, dims: dims, isOptional: isOptional)
    }

    /// Fills in what an output leaves to the model that gives it.
    package mutating func completeOutput(
        _ index: Int,
        v2DataType: String,
        dims: [Int64]
    ) throws(ModelConfigurationError) {
        try complete("output", index, v2DataType: v2DataType, dims: dims, isOptional: false)
    }

    private mutating func complete(
        _ name: String,
        _ index: Int,
        v2DataType: String,
        dims: [Int64],
        isOptional: Bool
    ) throws(ModelConfigurationError) {
        guard let field = message.field(name), index < field.elements.count,
            case .message(var tensor) = field.elements[index].value
        else { return }
        let whole = try Self.tensor(tensor.schema, name: tensor.string("name"), v2DataType: v2DataType, dims: dims)
        for part in whole.setFields where !tensor.isSet(part.schema.name) {
            tensor.set(part.schema, part.elements, at: nil)
        }
        if isOptional, !tensor.isSet("optional") { tensor.assign("optional", .boolean(true)) }
        message.replace(field.schema, at: index, with: .init(key: nil, value: .message(tensor), position: nil))
    }
}
