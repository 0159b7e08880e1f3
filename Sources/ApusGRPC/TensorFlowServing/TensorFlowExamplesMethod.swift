internal import ApusCore
internal import ApusProtocol

/// What a model is asked for with a list of examples; the raw value is its name in a MultiInference request.
enum TensorFlowExamplesMethod: String {
    case classify = "tensorflow/serving/classify"
    case regress = "tensorflow/serving/regress"

    /// The outputs that it is made of.
    ///
    /// - Throws: `invalidArgument` for a model that can't do it.
    func outputs(of model: ModelDescription) throws(InferenceError) -> [String] {
        switch self {
        case .classify: try TensorFlowSignature.classification(of: model).outputs
        case .regress: [try TensorFlowSignature.regression(of: model)]
        }
    }

    /// What it came to.
    ///
    /// - Throws: `invalidArgument` for outputs that don't go with the examples.
    func results(
        of model: ModelDescription,
        outputs: [NamedTensor],
        examples: Int
    ) throws(InferenceError) -> TensorFlowResults {
        switch self {
        case .classify:
            let classification = try TensorFlowSignature.classification(of: model)
            return try TensorFlowResults(classification: classification, outputs: outputs, examples: examples)
        case .regress:
            let output = try TensorFlowSignature.regression(of: model)
            return try TensorFlowResults(regression: output, outputs: outputs, examples: examples)
        }
    }
}
