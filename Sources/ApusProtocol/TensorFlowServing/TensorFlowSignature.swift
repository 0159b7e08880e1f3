package import ApusCore

/// The one signature that a model has for TensorFlow Serving's clients: `serving_default`, with the model's inputs and
/// outputs under their own names.
package enum TensorFlowSignature {
    /// Its name.
    package static let name = "serving_default"
    /// What it is called for.
    package static let methodName = "tensorflow/serving/predict"

    /// Whether a request's signature name means it; an empty one does.
    package static func isServed(_ name: String) -> Bool {
        name.isEmpty || name == TensorFlowSignature.name
    }

    /// The shape of an input made of examples that have so many values each.
    ///
    /// The first dimension is the examples'; their values fill the others, of which one at most may be of any size.
    ///
    /// - Throws: `invalidArgument` when they don't fit.
    package static func dimensions(
        of input: TensorSpecification,
        examples: Int,
        values: Int
    ) throws(InferenceError) -> [Int] {
        var sizes = Array(input.shape.dropFirst())
        let fixed = TensorShape(sizes.map { $0 == -1 ? 1 : $0 })?.elementCount ?? 0
        let open = sizes.indices.filter { sizes[$0] == -1 }
        if let axis = open.first, open.count == 1, fixed > 0, values % fixed == 0 {
            sizes[axis] = values / fixed
            return [examples] + sizes
        }
        guard !input.shape.isEmpty, open.isEmpty, values == fixed else {
            throw .featureDoesNotFit(input, values: values)
        }
        return [examples] + sizes
    }

    /// Where a classification comes from.
    package struct Classification: Sendable, Hashable {
        /// The output with a score for each class of each example.
        package let scores: String
        /// The output with the classes' names; `nil` when the model has none.
        package let classes: String?
        /// The classes' names where no output has them, as in the label file of the scores; beyond its end, numbers.
        package let labels: [String]

        /// The outputs to ask for.
        package var outputs: [String] { [scores] + (classes.map { [$0] } ?? []) }
    }

    /// The outputs that a classification is made of: the one called `scores`, else the only one of real numbers, and
    /// `classes` where there is such an output of text.
    ///
    /// - Throws: `invalidArgument` for a model that can't classify.
    package static func classification(of model: ModelDescription) throws(InferenceError) -> Classification {
        guard let scores = output(of: model, called: "scores", ranks: 1...2) else {
            throw .cannot("classify", model, needs: "one output of real numbers, or one called 'scores'")
        }
        let classes = model.outputs.first { $0.name == "classes" && $0.dataType == .bytes }
        let labels = classes == nil ? model.labels[scores.name] ?? [] : []
        return Classification(scores: scores.name, classes: classes?.name, labels: labels)
    }

    /// The output that a regression is: the one called `outputs`, else the only one of real numbers.
    ///
    /// - Throws: `invalidArgument` for a model that can't regress.
    package static func regression(of model: ModelDescription) throws(InferenceError) -> String {
        guard let output = output(of: model, called: "outputs", ranks: 1...2),
            output.shape.dropFirst().allSatisfy({ $0 == 1 || $0 == -1 })
        else {
            throw .cannot(
                "regress",
                model,
                needs: "one output of real numbers with one for each example, or one called 'outputs'"
            )
        }
        return output.name
    }

    private static func output(
        of model: ModelDescription,
        called name: String,
        ranks: ClosedRange<Int>
    ) -> TensorSpecification? {
        let candidates = model.outputs.filter { $0.dataType.isReal && ranks.contains($0.shape.count) }
        return candidates.first { $0.name == name } ?? (candidates.count == 1 ? candidates[0] : nil)
    }
}

extension DataType {
    /// Whether elements are real numbers.
    var isReal: Bool {
        switch self {
        case .fp16, .bf16, .fp32, .fp64: true
        default: false
        }
    }

    /// TensorFlow's name for the type in documents: `DT_FLOAT`.
    package var tensorFlowName: String {
        switch self {
        case .bool: "DT_BOOL"
        case .uint8: "DT_UINT8"
        case .uint16: "DT_UINT16"
        case .uint32: "DT_UINT32"
        case .uint64: "DT_UINT64"
        case .int8: "DT_INT8"
        case .int16: "DT_INT16"
        case .int32: "DT_INT32"
        case .int64: "DT_INT64"
        case .fp16: "DT_HALF"
        case .bf16: "DT_BFLOAT16"
        case .fp32: "DT_FLOAT"
        case .fp64: "DT_DOUBLE"
        case .bytes: "DT_STRING"
        }
    }

    /// TensorFlow's name for the type in sentences: `float`.
    package var tensorFlowWord: String { tensorFlowName.dropFirst(3).lowercased() }
}
