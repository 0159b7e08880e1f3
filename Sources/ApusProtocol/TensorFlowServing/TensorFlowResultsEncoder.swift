package import ApusCore

/// What classify and regress answers have of a model's outputs, compared with the examples.
package struct TensorFlowResults: Sendable {
    /// The scores of all classes of all examples, or a value for each example.
    package let values: Tensor
    /// The names of the classes, as many as there are scores; `nil` when the model gives none.
    package let classes: Tensor?
    /// What the classes are called where the model gives no names; their numbers stand for those beyond the end.
    package let labels: [String]
    /// Values of each example.
    package let valuesPerExample: Int
    /// How many examples there are.
    package let count: Int

    /// Takes the scores and the classes' names out of a model's outputs.
    ///
    /// - Throws: `invalidArgument` when their shapes aren't those of a classification.
    package init(
        classification: TensorFlowSignature.Classification,
        outputs: [NamedTensor],
        examples: Int
    ) throws(InferenceError) {
        let scores = try TensorFlowResults.output(classification.scores, of: outputs)
        guard (1...2).contains(scores.shape.rank), scores.shape.dimensions.first == examples else {
            throw .resultsShape(classification.scores, scores.shape, examples: examples)
        }
        self.values = scores
        self.labels = classification.labels
        self.count = examples
        self.valuesPerExample = scores.shape.rank == 2 ? scores.shape.dimensions[1] : 1
        guard let name = classification.classes else {
            self.classes = nil
            return
        }
        let classes = try TensorFlowResults.output(name, of: outputs)
        guard classes.shape == scores.shape else { throw .resultsShape(name, classes.shape, examples: examples) }
        guard JSONWriter.firstElementThatIsNoText(in: classes) == nil else {
            throw InferenceError(.invalidArgument, "output '\(name)' has class names that aren't UTF-8", field: name)
        }
        self.classes = classes
    }

    /// Takes the values out of a model's outputs.
    ///
    /// - Throws: `invalidArgument` when there isn't one for each example.
    package init(regression name: String, outputs: [NamedTensor], examples: Int) throws(InferenceError) {
        let values = try TensorFlowResults.output(name, of: outputs)
        guard values.shape.dimensions.first == examples, values.shape.elementCount == examples else {
            throw .resultsShape(name, values.shape, examples: examples)
        }
        self.values = values
        self.labels = []
        self.classes = nil
        self.valuesPerExample = 1
        self.count = examples
    }

    private static func output(_ name: String, of outputs: [NamedTensor]) throws(InferenceError) -> Tensor {
        guard let output = outputs.first(where: { $0.name == name }) else {
            throw InferenceError(.internalFailure, "the model gave no output '\(name)'")
        }
        return output.tensor
    }
}

/// Encodes the answer to a classify or regress request: `results`, straight from tensor memory.
package struct TensorFlowResultsEncoder: Sendable {
    private let results: TensorFlowResults
    private let isClassification: Bool
    /// The most bytes that the answer takes.
    package let bound: Int

    /// Prepares an answer and measures it out.
    ///
    /// - Throws: `tooLarge` when it might take more than `maxBytes`.
    package init(_ results: TensorFlowResults, isClassification: Bool, maxBytes: Int) throws(InferenceError) {
        self.results = results
        self.isClassification = isClassification
        var bound = 64 + JSONWriter.bound(elementsOf: results.values)
        if isClassification {
            // Brackets and commas, and a number in quotes where there are no names.
            bound += results.values.shape.elementCount * 32 + results.count * 4
            let labels = results.labels.prefix(results.valuesPerExample)
            bound += results.count * labels.reduce(0) { $0 + JSONWriter.bound(string: $1) }
            if let classes = results.classes { bound += JSONWriter.bound(elementsOf: classes) }
        }
        self.bound = bound
        guard bound <= maxBytes else { throw .answerTooLarge(bound, maxBytes: maxBytes) }
    }

    /// Writes the answer; the span has room for `bound` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = JSONWriter(span)
        writer.raw("{\"results\":[")
        if isClassification {
            var offset = 0
            for example in 0..<results.count {
                if example > 0 { writer.raw(",") }
                writeClasses(of: example, offset: &offset, to: &writer)
            }
        } else {
            writer.elements(of: results.values)
        }
        writer.raw("]}")
        span = writer.finish()
    }

    private func writeClasses(of example: Int, offset: inout Int, to writer: inout JSONWriter) {
        writer.raw("[")
        for index in 0..<results.valuesPerExample {
            writer.raw(index > 0 ? ",[" : "[")
            if let classes = results.classes {
                offset = writer.textElement(of: classes, at: offset, isBase64: false)
            } else if index < results.labels.count {
                writer.string(results.labels[index])
            } else {
                writer.raw("\"")
                writer.integer(index)
                writer.raw("\"")
            }
            writer.raw(",")
            let element = example * results.valuesPerExample + index
            writer.elements(of: results.values, in: element..<element + 1)
            writer.raw("]")
        }
        writer.raw("]")
    }
}

extension InferenceError {
    fileprivate static func resultsShape(_ name: String, _ shape: TensorShape, examples: Int) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "output '\(name)' of shape \(shape) doesn't have results for \(examples) examples",
            field: name,
            expected: "a first dimension of \(examples)",
            got: shape.description,
            hint: "ask it by :predict"
        )
    }
}
