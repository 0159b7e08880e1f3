package import ApusCore

/// Encodes an answer of the generate extension: an object of the outputs by name, one element as itself, others as a flat
/// array.
package struct GenerateResponseEncoder: Sendable {
    private let id: String
    private let model: ModelDescription
    private let outputs: [NamedTensor]
    /// The most bytes that it takes.
    package let bound: Int

    /// Prepares an answer and measures it out.
    ///
    /// - Parameters:
    ///   - id: The request's id; left out when empty.
    ///   - model: The version that answered.
    ///   - outputs: The tensors, in the order to be sent.
    ///   - maxBytes: The most bytes that the answer may take.
    /// - Throws: `tooLarge` when it might take more, `invalidArgument` for BYTES that aren't UTF-8.
    package init(
        id: String,
        model: ModelDescription,
        outputs: [NamedTensor],
        maxBytes: Int
    ) throws(InferenceError) {
        self.id = id
        self.model = model
        self.outputs = outputs
        var bound = JSONWriter.bound(answerHead: id, model: model.id)
        for output in outputs {
            bound += 8 + JSONWriter.bound(string: output.name) + JSONWriter.bound(elementsOf: output.tensor)
        }
        self.bound = bound
        guard bound <= maxBytes else {
            throw InferenceError(
                .tooLarge,
                "the answer may become larger than allowed: up to \(bound) bytes, and max_answer_bytes is \(maxBytes)",
                expected: "an answer of at most \(maxBytes) bytes",
                got: "up to \(bound) bytes",
                hint: "ask for binary outputs by POST /v2/models/\(model.id.name)/infer"
            )
        }
        for output in outputs where output.tensor.dataType == .bytes {
            try JSONWriter.checkText(
                output,
                hint: "ask for binary outputs by POST /v2/models/\(model.id.name)/infer"
            )
        }
    }

    /// Writes the answer; the span has room for `bound` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = JSONWriter(span)
        writer.answerHead(id: id, model: model.id)
        for output in outputs {
            writer.raw(",")
            writer.string(output.name)
            writer.raw(":")
            let isScalar = output.tensor.shape.elementCount == 1
            if !isScalar { writer.raw("[") }
            if output.tensor.dataType == .bytes {
                writer.textElements(of: output.tensor)
            } else {
                writer.elements(of: output.tensor)
            }
            if !isScalar { writer.raw("]") }
        }
        writer.raw("}")
        span = writer.finish()
    }
}
