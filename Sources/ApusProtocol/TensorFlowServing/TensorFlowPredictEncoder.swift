package import ApusCore

/// Encodes the answer to a predict request: `predictions` or `outputs`, straight from tensor memory.
///
/// Elements of BYTES outputs are strings; those of an output whose name ends in `_bytes` are `{"b64": …}`.
package struct TensorFlowPredictEncoder: Sendable {
    /// How far the elements of an output have been written.
    private struct Progress {
        /// The next element's index.
        var element = 0
        /// Where the next element of BYTES starts.
        var offset = 0
    }

    private let outputs: [NamedTensor]
    private let isBase64: [Bool]
    private let form: TensorFlowPredictForm
    private let rows: Int
    /// The most bytes that the answer takes.
    package let bound: Int

    /// Prepares an answer and measures it out; no memory is taken for it yet.
    ///
    /// - Parameters:
    ///   - outputs: The tensors, in the order to be sent.
    ///   - form: In rows or in columns.
    ///   - maxBytes: The most bytes that the answer may take.
    /// - Throws: `tooLarge` when it might take more; `invalidArgument` for text that isn't UTF-8 in an output that isn't
    ///   called `…_bytes`, and for outputs that can't be given row by row.
    package init(outputs: [NamedTensor], form: TensorFlowPredictForm, maxBytes: Int) throws(InferenceError) {
        self.outputs = outputs
        self.form = form
        self.isBase64 = outputs.map { $0.name.hasSuffix("_bytes") }
        self.rows = form == .rows ? try TensorFlowPredictEncoder.rows(of: outputs) : 1
        self.bound = TensorFlowPredictEncoder.bound(outputs, rows: rows)
        guard bound <= maxBytes else { throw .answerTooLarge(bound, maxBytes: maxBytes) }
        for (output, isBase64) in zip(outputs, isBase64) where output.tensor.dataType == .bytes && !isBase64 {
            try JSONWriter.checkText(
                output,
                as: "a JSON string",
                hint: "outputs whose names end in '_bytes' are given in base64; the v2 protocol gives any output as "
                    + "bytes"
            )
        }
    }

    /// Writes the answer; the span has room for `bound` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = JSONWriter(span)
        var progress = [Progress](repeating: Progress(), count: outputs.count)
        switch form {
        case .rows:
            writer.raw("{\"predictions\":[")
            for row in 0..<rows {
                if row > 0 { writer.raw(",") }
                writeValues(below: 1, &progress, to: &writer)
            }
            writer.raw("]}")
        case .columns:
            writer.raw("{\"outputs\":")
            writeValues(below: 0, &progress, to: &writer)
            writer.raw("}")
        }
        span = writer.finish()
    }

    /// Writes what comes next of each output: its value alone, or an object when there are several.
    private func writeValues(below axis: Int, _ progress: inout [Progress], to writer: inout JSONWriter) {
        guard outputs.count != 1 else { return write(0, axis: axis, &progress[0], to: &writer) }
        writer.raw("{")
        for index in outputs.indices {
            if index > 0 { writer.raw(",") }
            writer.string(outputs[index].name)
            writer.raw(":")
            write(index, axis: axis, &progress[index], to: &writer)
        }
        writer.raw("}")
    }

    private func write(_ index: Int, axis: Int, _ progress: inout Progress, to writer: inout JSONWriter) {
        let tensor = outputs[index].tensor
        let isText = tensor.dataType == .bytes
        guard axis < tensor.shape.rank else {
            if isText {
                progress.offset = writer.textElement(of: tensor, at: progress.offset, isBase64: isBase64[index])
            } else {
                writer.elements(of: tensor, in: progress.element..<progress.element + 1)
                progress.element += 1
            }
            return
        }
        let size = tensor.shape[axis]
        writer.raw("[")
        if axis == tensor.shape.rank - 1, !isText {
            writer.elements(of: tensor, in: progress.element..<progress.element + size)
            progress.element += size
        } else {
            for item in 0..<size {
                if item > 0 { writer.raw(",") }
                write(index, axis: axis + 1, &progress, to: &writer)
            }
        }
        writer.raw("]")
    }

    private static func rows(of outputs: [NamedTensor]) throws(InferenceError) -> Int {
        var rows: Int?
        for output in outputs {
            guard let size = output.tensor.shape.first else { throw .outputWithoutRows(output.name) }
            guard rows == nil || rows == size else {
                throw .inconsistentRows(output.name, expected: rows ?? 0, got: size)
            }
            rows = size
        }
        return rows ?? 0
    }

    private static func bound(_ outputs: [NamedTensor], rows: Int) -> Int {
        var bound = 64
        for output in outputs {
            let name = JSONWriter.bound(string: output.name) + 4
            let (names, overflow) = name.multipliedReportingOverflow(by: outputs.count > 1 ? max(rows, 1) : 1)
            let (sum, sumOverflow) = bound.addingReportingOverflow(JSONWriter.bound(nested: output.tensor))
            let (total, totalOverflow) = sum.addingReportingOverflow(names)
            guard !overflow, !sumOverflow, !totalOverflow else { return .max }
            bound = total
        }
        return bound
    }
}

extension InferenceError {
    fileprivate static func outputWithoutRows(_ name: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "Tensor name: \(name) has no shape information",
            field: name,
            expected: "outputs with a first dimension for the rows of 'instances'",
            got: "a single value",
            hint: "ask with 'inputs' instead of 'instances'"
        )
    }

    fileprivate static func inconsistentRows(_ name: String, expected: Int, got: Int) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "Tensor name: \(name) has inconsistent batch size: \(got) expecting: \(expected)",
            field: name,
            expected: "\(expected) rows",
            got: "\(got) rows",
            hint: "ask with 'inputs' instead of 'instances'"
        )
    }

    static func answerTooLarge(_ byteCount: Int, maxBytes: Int) -> InferenceError {
        InferenceError(
            .tooLarge,
            "the answer may become larger than allowed: up to \(byteCount) bytes, and max_answer_bytes is \(maxBytes)",
            expected: "an answer of at most \(maxBytes) bytes",
            got: "up to \(byteCount) bytes",
            hint: "ask for fewer rows at once, or by the v2 protocol for binary outputs"
        )
    }
}
