internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Inferences of Triton's generate extension: JSON objects whose members are inputs and outputs.
struct GenerateCodec: InferenceCodec, Sendable {
    /// Whether each answer is an event of a stream; else there is one answer.
    let isStream: Bool
    let limits: InputLimits

    /// Longer bodies are read on another thread: each of their values, which may be half as many, becomes one of a tree.
    static let shortBytes = 16 << 10

    var refusalForm: GenerateForm { GenerateForm(id: "", isStream: isStream) }

    var takesDecoupledModels: Bool { true }

    func decode(
        _ body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> InferenceQuestion<GenerateForm> {
        try question(in: body, model: model, memory: &memory)
    }

    func longDecoding(
        of body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription
    ) throws(InferenceError) -> LongDecoding<GenerateForm>? {
        guard body.readableBytes > GenerateCodec.shortBytes else { return nil }
        return LongDecoding { [self] memory throws(InferenceError) in
            try question(in: body, model: model, memory: &memory)
        }
    }

    private func question(
        in body: ByteBuffer,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> InferenceQuestion<GenerateForm> {
        let request = try GenerateRequest(body.readableBytesView, model: model, limits: limits, memory: &memory)
        var question = InferenceQuestion(
            inputs: request.inputs,
            form: GenerateForm(id: request.id, isStream: isStream)
        )
        question.id = request.id
        question.priority = request.priority
        question.timeoutMicroseconds = request.timeoutMicroseconds
        question.sequence = request.sequence
        question.parameters = request.parameters
        return question
    }

    func makeSink(
        _ exchange: HTTPExchange,
        question: InferenceQuestion<GenerateForm>,
        wish: InferenceWish,
        services: EdgeServices,
        reporter: RequestReporter
    ) -> any AnswerSink {
        isStream
            ? GenerateStreamSink(exchange: exchange, form: question.form, services: services, reporter: reporter)
            : GenerateSink(exchange: exchange, form: question.form, services: services, reporter: reporter)
    }
}

/// The generate extension's answer: a JSON object, or an event that holds one.
struct GenerateForm: AnswerForm {
    /// The request's id; empty when none was sent.
    let id: String
    /// Whether answers are events.
    let isStream: Bool

    static let eventStream = "text/event-stream; charset=utf-8"

    func write(_ answer: borrowing InferenceAnswer, to writer: inout AnswerWriter) throws(InferenceError) {
        let encoder = try GenerateResponseEncoder(
            id: id,
            model: answer.lease.model.description,
            outputs: answer.outputs,
            maxBytes: writer.maxBytes
        )
        try writer.reserve(encoder.bound + 16)
        if isStream { writer.body.buffer.writeString("data: ") }
        writer.body.buffer.writeWithOutputRawSpan(minimumWritableBytes: encoder.bound) { span in
            encoder.write(into: &span)
        }
        if isStream { writer.body.buffer.writeString("\n\n") }
    }

    func answer(to error: InferenceError) -> (HTTPResponseHead, [UInt8]) {
        var (head, bytes) = HTTPStatusTable.answer(to: error)
        guard isStream else { return (head, bytes) }
        head.contentType = GenerateForm.eventStream
        bytes = event(bytes)
        return (head, bytes)
    }

    /// A failure in a stream that has begun.
    func event(of error: InferenceError) -> [UInt8] {
        event(V2Documents.error(error))
    }

    private func event(_ json: [UInt8]) -> [UInt8] {
        Array("data: ".utf8) + json + Array("\n\n".utf8)
    }
}
