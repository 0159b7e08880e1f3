/// What a model says of one of its inputs or outputs.
package struct TensorSpecification: Hashable, Sendable {
    /// The tensor's name in the model.
    package let name: String
    /// Its element type.
    package let dataType: DataType
    /// Its full shape, batch dimension included; -1 where any size goes.
    package let shape: [Int]
    /// Whether a request may leave it out, because the model has a default for it.
    package let isOptional: Bool

    /// Describes one tensor.
    package init(name: String, dataType: DataType, shape: [Int], isOptional: Bool = false) {
        self.name = name
        self.dataType = dataType
        self.shape = shape
        self.isOptional = isOptional
    }
}

/// An output that the model has and the server can't give, with the reason and the way out.
package struct UnservedOutput: Hashable, Sendable {
    /// The output's name.
    package let name: String
    /// Why it isn't served and how to export the model without it.
    package let reason: String

    /// Names an output that is left out.
    package init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }
}

/// How much work an ensemble is: what one request to it may set going.
package struct EnsembleExtent: Hashable, Sendable {
    /// Ensembles within each other, this one included.
    package let depth: Int
    /// Requests to other models that one request makes, those of ensembles within it included.
    package let requests: Int

    /// Measures an ensemble.
    package init(depth: Int, requests: Int) {
        self.depth = depth
        self.requests = requests
    }
}

/// Everything that clients may know about a version; fixed when it has been loaded.
package final class ModelDescription: Sendable {
    /// Which version of which model.
    package let id: ModelID
    /// The wire's `platform`, for example `onnxruntime_onnx`.
    package let platform: String
    /// Inputs in the model's order.
    package let inputs: [TensorSpecification]
    /// Outputs in the model's order; answers keep it.
    package let outputs: [TensorSpecification]
    /// Outputs that are not tensors.
    package let unservedOutputs: [UnservedOutput]
    /// 0 when the user didn't write one: then dimensions are full shapes and there is no limit on the first.
    package let maxBatchSize: Int
    /// Whether a request may get none or many answers: then only streams can carry them.
    package let isDecoupled: Bool
    /// How much work it is for other models; `nil` when it is no ensemble.
    package let ensemble: EnsembleExtent?
    /// Names of classes by output, line for line as in the output's label file; for outputs that have one.
    package let labels: [String: [String]]
    /// The answer to `/config`: JSON, complete.
    package let configurationJSON: [UInt8]
    /// Examples of inputs whose values have rules, by name.
    package let examples: [String: InputExample]
    /// How pictures become its input; `nil` when nothing says so.
    package let image: ImageInput?

    /// Collects what is known after a load.
    package init(
        id: ModelID,
        platform: String,
        inputs: [TensorSpecification],
        outputs: [TensorSpecification],
        unservedOutputs: [UnservedOutput] = [],
        maxBatchSize: Int = 0,
        isDecoupled: Bool = false,
        ensemble: EnsembleExtent? = nil,
        labels: [String: [String]] = [:],
        configurationJSON: [UInt8] = [],
        examples: [String: InputExample] = [:],
        image: ImageInput? = nil
    ) {
        self.id = id
        self.platform = platform
        self.inputs = inputs
        self.outputs = outputs
        self.unservedOutputs = unservedOutputs
        self.maxBatchSize = maxBatchSize
        self.isDecoupled = isDecoupled
        self.ensemble = ensemble
        self.labels = labels
        self.configurationJSON = configurationJSON
        self.examples = examples
        self.image = image
    }
}
