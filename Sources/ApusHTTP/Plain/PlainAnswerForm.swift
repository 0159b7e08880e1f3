internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// The answer to a plain question.
struct PlainAnswerForm: AnswerForm {
    /// How the outputs are spelt.
    enum Encoding {
        case json
        case csv(hasHeader: Bool)
        /// The bytes of the only output.
        case raw

        /// What a request accepts, or else what it is itself.
        init(_ head: HTTPRequestHead, hasHeader: Bool) {
            // Most say nothing, or that they take anything; to look into the text costs more than to read the numbers.
            guard let accepted = head.value(of: "accept")?.lowercased(), accepted != "*/*" else {
                self = PlainMediaType(head.mediaType) == .csv ? .csv(hasHeader: hasHeader) : .json
                return
            }
            if accepted.contains("application/json") {
                self = .json
            } else if accepted.contains("text/csv") || PlainMediaType(head.mediaType) == .csv {
                self = .csv(hasHeader: hasHeader)
            } else if accepted.contains("application/octet-stream") {
                self = .raw
            } else {
                self = .json
            }
        }
    }

    /// What stands around the outputs.
    let form: PlainForm
    /// How they are spelt.
    let encoding: Encoding

    func write(_ answer: borrowing InferenceAnswer, to writer: inout AnswerWriter) throws(InferenceError) {
        switch encoding {
        case .json: try writeJSON(answer, to: &writer)
        case .csv(let hasHeader): try writeCSV(answer, hasHeader: hasHeader, to: &writer)
        case .raw: try writeRaw(answer, to: &writer)
        }
    }

    private func writeCSV(
        _ answer: borrowing InferenceAnswer,
        hasHeader: Bool,
        to writer: inout AnswerWriter
    ) throws(InferenceError) {
        let encoder = try PlainCSVEncoder(outputs: answer.outputs, hasHeader: hasHeader, maxBytes: writer.maxBytes)
        try writer.reserve(encoder.bound)
        writer.head.contentType = "text/csv; charset=utf-8"
        writer.body.buffer.writeWithOutputRawSpan(minimumWritableBytes: encoder.bound) { span in
            encoder.write(into: &span)
        }
    }

    private func writeRaw(_ answer: borrowing InferenceAnswer, to writer: inout AnswerWriter) throws(InferenceError) {
        guard let output = answer.outputs.first, answer.outputs.count == 1 else {
            throw InferenceError(
                .invalidArgument,
                "the model has \(answer.outputs.count) outputs, and application/octet-stream holds one",
                field: "Accept",
                expected: "application/json",
                hint: "ask by the v2 protocol for several outputs as binary"
            )
        }
        let byteCount = output.tensor.storage.byteCount
        guard byteCount <= writer.maxBytes else {
            throw InferenceError(
                .tooLarge,
                "the answer has \(byteCount) bytes, and max_answer_bytes is \(writer.maxBytes)"
            )
        }
        try writer.reserve(byteCount)
        writer.head.contentType = HTTPResponseHead.binary
        NetworkBody.append(output.tensor, to: &writer.body.buffer)
    }

    private func writeJSON(_ answer: borrowing InferenceAnswer, to writer: inout AnswerWriter) throws(InferenceError) {
        let encoder = try PlainAnswerEncoder(
            form: form,
            outputs: answer.outputs,
            labels: answer.lease.model.description.labels,
            maxBytes: writer.maxBytes
        )
        try writer.reserve(encoder.bound)
        writer.body.buffer.writeWithOutputRawSpan(minimumWritableBytes: encoder.bound) { span in
            encoder.write(into: &span)
        }
    }
}
