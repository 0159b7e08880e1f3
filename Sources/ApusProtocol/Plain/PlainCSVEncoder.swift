package import ApusCore

/// Encodes an answer as CSV: a line for each row, the columns of all outputs beside each other.
package struct PlainCSVEncoder: Sendable {
    private let outputs: [NamedTensor]
    private let rows: Int
    private let hasHeader: Bool
    /// The most bytes that the answer takes.
    package let bound: Int

    /// Prepares an answer and measures it out; no memory is taken for it yet.
    ///
    /// - Parameters:
    ///   - outputs: The tensors, in the order to be sent.
    ///   - hasHeader: Whether the first line names the columns; it does in any case when there are several outputs.
    ///   - maxBytes: The most bytes that the answer may take.
    /// - Throws: `tooLarge` when it might take more, `invalidArgument` for outputs of different numbers of rows and for
    ///   text that isn't UTF-8.
    package init(outputs: [NamedTensor], hasHeader: Bool, maxBytes: Int) throws(InferenceError) {
        self.outputs = outputs
        self.hasHeader = hasHeader || outputs.count > 1
        let rows = outputs.first.map { PlainCSVEncoder.rows(of: $0.tensor.shape) } ?? 0
        self.rows = rows
        var bound = 64
        for output in outputs {
            let shape = output.tensor.shape
            guard PlainCSVEncoder.rows(of: shape) == rows else {
                throw PlainCSVEncoder.refusal(
                    "output '\(output.name)' has another number of rows than the first",
                    output
                )
            }
            if output.tensor.dataType == .bytes, JSONWriter.firstElementThatIsNoText(in: output.tensor) != nil {
                throw PlainCSVEncoder.refusal("output '\(output.name)' is not UTF-8", output)
            }
            let width = rows == 0 ? 1 : max(1, shape.elementCount / rows)
            let titles = (output.name.utf8.count * 2 + 32).multipliedReportingOverflow(by: width)
            let parts = [JSONWriter.bound(elementsOf: output.tensor), titles.partialValue, rows * 2]
            guard !titles.overflow, parts.allSatisfy({ $0 < Int.max / 16 }), bound < Int.max / 4 else {
                throw PlainAnswerEncoder.tooLarge(.max, maxBytes: maxBytes)
            }
            bound += parts.reduce(0, +)
        }
        self.bound = bound
        guard bound <= maxBytes else { throw PlainAnswerEncoder.tooLarge(bound, maxBytes: maxBytes) }
    }

    /// Writes the answer; the span has room for `bound` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = JSONWriter(span)
        if hasHeader { writeHeader(to: &writer) }
        var offsets = Array(repeating: 0, count: outputs.count)
        for row in 0..<rows {
            for index in outputs.indices {
                if index > 0 { writer.raw(",") }
                let tensor = outputs[index].tensor
                let width = width(of: tensor.shape)
                if tensor.dataType == .bytes {
                    for column in 0..<width {
                        if column > 0 { writer.raw(",") }
                        writer.cell(of: tensor, at: &offsets[index])
                    }
                } else {
                    writer.row(of: tensor, in: row * width..<(row + 1) * width)
                }
            }
            writer.raw("\n")
        }
        span = writer.finish()
    }

    private func writeHeader(to writer: inout JSONWriter) {
        var isFirst = true
        for output in outputs {
            let width = width(of: output.tensor.shape)
            for column in 0..<width {
                if !isFirst { writer.raw(",") }
                isFirst = false
                writer.cell(Array((width == 1 ? output.name : "\(output.name)[\(column)]").utf8))
            }
        }
        writer.raw("\n")
    }

    private func width(of shape: TensorShape) -> Int {
        rows == 0 ? 0 : shape.elementCount / rows
    }

    private static func rows(of shape: TensorShape) -> Int { shape.first ?? 1 }

    private static func refusal(_ message: String, _ output: NamedTensor) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "the answer can't be given as CSV: \(message)",
            field: output.name,
            hint: "ask for JSON with Accept: application/json"
        )
    }
}
