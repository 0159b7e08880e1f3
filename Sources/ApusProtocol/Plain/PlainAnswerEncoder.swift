package import ApusCore

/// Encodes the answer to a plain question: numbers straight from tensor memory, in arrays within each other.
package struct PlainAnswerEncoder: Sendable {
    private let form: PlainForm
    private let outputs: [NamedTensor]
    /// What outputs say of classes, by the outputs' names; empty in forms that have no place for it.
    private let labels: [(output: String, classes: PlainLabels)]
    /// The most bytes that the answer takes.
    package let bound: Int

    /// Prepares an answer and measures it out; no memory is taken for it yet.
    ///
    /// - Parameters:
    ///   - form: How it looks.
    ///   - outputs: The tensors, in the order to be sent.
    ///   - labels: What the classes of outputs are called, by the outputs' names.
    ///   - maxBytes: The most bytes that the answer may take.
    /// - Throws: `tooLarge` when it might take more, `invalidArgument` for a BYTES output that isn't UTF-8.
    package init(
        form: PlainForm,
        outputs: [NamedTensor],
        labels: [String: [String]] = [:],
        maxBytes: Int
    ) throws(InferenceError) {
        self.form = form
        self.outputs = outputs
        var bound = 64
        for output in outputs {
            let brackets = JSONWriter.bound(bracketsOf: output.tensor.shape.dimensions[...])
            let elements = JSONWriter.bound(elementsOf: output.tensor)
            let (sum, overflow) = brackets.addingReportingOverflow(elements)
            guard !overflow, sum < Int.max / 2 - bound else {
                throw PlainAnswerEncoder.tooLarge(.max, maxBytes: maxBytes)
            }
            bound += sum + JSONWriter.bound(string: output.name) + 4
        }
        guard bound <= maxBytes else { throw PlainAnswerEncoder.tooLarge(bound, maxBytes: maxBytes) }
        self.labels = form.hasFrame && !labels.isEmpty ? PlainAnswerEncoder.classes(outputs, labels: labels) : []
        for (output, classes) in self.labels { bound += classes.bound + JSONWriter.bound(string: output) + 16 }
        self.bound = bound
        guard bound <= maxBytes else { throw PlainAnswerEncoder.tooLarge(bound, maxBytes: maxBytes) }
        for output in outputs where output.tensor.dataType == .bytes {
            try JSONWriter.checkText(
                output,
                hint: "ask by the v2 protocol, which gives it as binary: POST /v2/models/MODEL/infer"
            )
        }
    }

    /// Writes the answer; the span has room for `bound` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = JSONWriter(span)
        switch form.frame {
        case .prediction: writer.raw("{\"prediction\":")
        case .predictions: writer.raw("{\"predictions\":")
        case .outputs: writer.raw("{\"outputs\":")
        case .members, .value: break
        }
        if let output = outputs.first, outputs.count == 1, !form.isNamed {
            write(output.tensor, to: &writer)
        } else {
            writeNamed(to: &writer)
        }
        writeLabels(to: &writer)
        if form.hasFrame { writer.raw("}") }
        span = writer.finish()
    }

    private func writeNamed(to writer: inout JSONWriter) {
        writer.raw("{")
        for index in outputs.indices {
            if index > 0 { writer.raw(",") }
            writer.string(outputs[index].name)
            writer.raw(":")
            write(outputs[index].tensor, to: &writer)
        }
        writer.raw("}")
    }

    private func writeLabels(to writer: inout JSONWriter) {
        guard let first = labels.first else { return }
        writer.raw(",\"labels\":")
        if outputs.count == 1, !form.isNamed { return first.classes.write(form, to: &writer) }
        writer.raw("{")
        for index in labels.indices {
            if index > 0 { writer.raw(",") }
            writer.string(labels[index].output)
            writer.raw(":")
            labels[index].classes.write(form, to: &writer)
        }
        writer.raw("}")
    }

    private static func classes(
        _ outputs: [NamedTensor],
        labels: [String: [String]]
    ) -> [(output: String, classes: PlainLabels)] {
        outputs.compactMap { output in
            labels[output.name].flatMap { PlainLabels(output.tensor, names: $0) }.map { (output.name, $0) }
        }
    }

    private func write(_ tensor: Tensor, to writer: inout JSONWriter) {
        let sizes = sizes(of: tensor.shape)
        if tensor.dataType == .bytes {
            writer.nestedText(tensor, sizes: sizes)
        } else {
            writer.nested(tensor, sizes: sizes)
        }
    }

    /// The dimensions that an output is written with.
    private func sizes(of shape: TensorShape) -> ArraySlice<Int> {
        if !form.keepsShape, shape.elementCount == 1 { return [] }
        let sizes = shape.dimensions
        return !form.keepsShape && form.omitsBatch && sizes.first == 1 ? sizes.dropFirst() : sizes[...]
    }

    static func tooLarge(_ byteCount: Int, maxBytes: Int) -> InferenceError {
        InferenceError(
            .tooLarge,
            "the answer may become larger than allowed: up to \(byteCount) bytes, and max_answer_bytes is \(maxBytes)",
            expected: "an answer of at most \(maxBytes) bytes",
            got: "up to \(byteCount) bytes",
            hint: "ask with fewer rows at once, or by the v2 protocol for binary outputs"
        )
    }
}
