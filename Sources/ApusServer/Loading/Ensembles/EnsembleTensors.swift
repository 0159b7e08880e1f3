internal import ApusCore
internal import ApusProtocol

/// The tensors of an ensemble as its members have them: fills in what the ensemble's configuration leaves open.
struct EnsembleTensors {
    typealias Step = ModelConfiguration.EnsembleScheduling.Step

    private let steps: [Step]
    /// For each step what its model says of itself.
    private let members: [ModelDescription]
    private let hasBatch: Bool
    private let place: String

    init(_ configuration: ModelConfiguration, members: [ModelDescription], place: String) {
        self.steps = configuration.ensembleScheduling?.steps ?? []
        self.members = members
        self.hasBatch = configuration.maxBatchSize > 0
        self.place = place
    }

    /// The configuration with types and shapes of all inputs and outputs, checked against the members.
    ///
    /// - Throws: `invalidConfiguration` that names the tensor and both ends of it.
    func complete(_ configuration: ModelConfiguration, name: ModelName) throws(ModelError) -> ModelConfiguration {
        var builder = ModelConfigurationBuilder(configuration)
        builder.setName(name.description)
        builder.setPlatform("ensemble")
        do throws(ModelConfigurationError) {
            for (index, input) in configuration.inputs.enumerated() where input.dataType == .invalid {
                guard let (type, dims, isOptional) = consumed(input.name) else { continue }
                try builder.completeInput(index, v2DataType: type, dims: dims, isOptional: isOptional)
            }
            for (index, output) in configuration.outputs.enumerated() where output.dataType == .invalid {
                guard let (type, dims) = produced(output.name) else { continue }
                try builder.completeOutput(index, v2DataType: type, dims: dims)
            }
        } catch {
            throw ModelError(.invalidConfiguration, "\(place): \(error)", cause: error)
        }
        builder.fillDocumentedDefaults()
        return builder.makeConfiguration()
    }

    /// An input as the steps want it that need it: the narrowest shape; `nil` when none does.
    private func consumed(_ tensor: String) -> (String, [Int64], Bool)? {
        var type: DataType?
        var shape: [Int] = []
        var isOptional = true
        for (step, member) in zip(steps, members) {
            for input in member.inputs where step.inputMap[input.name] == tensor {
                isOptional = isOptional && input.isOptional
                guard type != nil else {
                    type = input.dataType
                    shape = input.shape
                    continue
                }
                // Where they can't agree the validation says so.
                guard shape.count == input.shape.count else { continue }
                shape = zip(shape, input.shape).map { $0 == -1 ? $1 : $0 }
            }
        }
        return type.map { ($0.rawValue, dims(shape), isOptional) }
    }

    /// An output as the step has it that gives it; `nil` when none does.
    private func produced(_ tensor: String) -> (String, [Int64])? {
        for (step, member) in zip(steps, members) {
            for output in member.outputs where step.outputMap[output.name] == tensor {
                return (output.dataType.rawValue, dims(output.shape))
            }
        }
        return nil
    }

    /// A full shape as the ensemble's configuration has it: without the batch dimension, if it has one.
    private func dims(_ shape: [Int]) -> [Int64] {
        shape.dropFirst(hasBatch ? 1 : 0).map(Int64.init)
    }
}

extension ModelConfiguration {
    /// A model as others see it, for comparing it with an ensemble.
    ///
    /// - Throws: When a shape has no form in a configuration.
    init(_ description: ModelDescription) throws(ModelConfigurationError) {
        var builder = ModelConfigurationBuilder()
        try builder.setMaxBatchSize(description.maxBatchSize)
        let skipped = description.maxBatchSize > 0 ? 1 : 0
        for input in description.inputs {
            try builder.appendInput(
                name: input.name,
                v2DataType: input.dataType.rawValue,
                dims: input.shape.dropFirst(skipped).map(Int64.init),
                isOptional: input.isOptional
            )
        }
        for output in description.outputs {
            try builder.appendOutput(
                name: output.name,
                v2DataType: output.dataType.rawValue,
                dims: output.shape.dropFirst(skipped).map(Int64.init)
            )
        }
        self = builder.makeConfiguration()
    }
}
