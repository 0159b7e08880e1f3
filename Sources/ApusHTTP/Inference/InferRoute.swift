internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Answers `POST …/infer`: look the model up, decode into its memory, submit.
final class InferRoute {
    private let services: EdgeServices
    private let service: any InferenceService
    private let decoder: V2RequestDecoder

    /// Makes the route for one event loop; `nil` when there is no memory.
    init?(services: EdgeServices) {
        guard let decoder = V2RequestDecoder(limits: services.configuration.limits) else { return nil }
        self.services = services
        self.service = services.configuration.service
        self.decoder = decoder
    }

    private var limits: InputLimits { services.configuration.limits }

    /// Answers one request; the answer may come after this returns.
    func respond(
        to head: HTTPRequestHead,
        body: ByteBuffer,
        operation: AdmittedOperation,
        on exchange: HTTPExchange
    ) {
        var selector: ModelSelector?
        do throws(InferenceError) {
            let chosen = try operation.selector()
            selector = chosen
            let lease = try service.lease(chosen)
            guard !lease.model.description.isDecoupled else { throw InferRoute.onlyStreams }
            var memory = RequestMemory(allocator: lease.model.allocator, budget: services.budget)
            let plain = try decompressed(body, head: head, memory: &memory)
            let question = try decode(plain, head: head, model: lease.model.description, memory: &memory)
            let sink = makeSink(head: head, question: question, selector: chosen, body: body, exchange: exchange)
            var request = InferenceRequest(
                inputs: question.inputs,
                timings: RequestTimings(received: exchange.received),
                lease: lease
            )
            request.id = question.id
            request.caller = operation.caller
            if !question.outputs.isEmpty { request.requestedOutputs = question.outputs.map(\.name) }
            request.priority = question.priority
            request.sequence = question.sequence
            request.parameters = question.parameters
            request.charge = memory.takeCharge()
            request.deadline = try deadline(head: head, received: exchange.received)
            request.queueTimeout = RequestTimeout.nanoseconds(microseconds: question.timeoutMicroseconds)
            exchange.cancel(with: service.submit(request, to: sink))
        } catch {
            let (answer, bytes) = HTTPStatusTable.answer(to: error)
            exchange.answer(answer, bytes: bytes)
            makeReporter(selector: selector, inputs: [], body: body, exchange: exchange)
                .failed(error, status: answer.status, id: "", byteCount: bytes.count)
        }
    }

    private func decode(
        _ body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> V2InferRequest {
        guard let range = head.inferenceHeaderLength else {
            return try unsafe NetworkBody.withJSON(of: body, byteCount: body.readableBytes) {
                json throws(InferenceError) in
                try unsafe decoder.decode(json: json, binary: NoBinaryBody(), model: model, memory: &memory)
            }
        }
        guard let length = head.decimal(range), length <= body.readableBytes else {
            throw InferenceError(
                .invalidArgument,
                "Inference-Header-Content-Length must be a number between 0 and the body's \(body.readableBytes) bytes",
                field: "Inference-Header-Content-Length",
                expected: "0 to \(body.readableBytes)",
                got: head.text(range)
            )
        }
        var tail = body
        tail.moveReaderIndex(forwardBy: length)
        guard length > 0 else {
            return try RawRequest(model: model, limits: limits).decode(NetworkBody(tail), memory: &memory)
        }
        return try unsafe NetworkBody.withJSON(of: body, byteCount: length) { json throws(InferenceError) in
            try unsafe decoder.decode(json: json, binary: NetworkBody(tail), model: model, memory: &memory)
        }
    }

    private func decompressed(
        _ body: ByteBuffer,
        head: HTTPRequestHead,
        memory: inout RequestMemory
    ) throws(InferenceError) -> ByteBuffer {
        guard let range = head.contentEncoding else { return body }
        guard let coding = ContentCoding(contentEncoding: head.text(range)) else {
            throw InferenceError(
                .unsupported,
                "unsupported Content-Encoding '\(head.text(range))'",
                field: "Content-Encoding",
                expected: "gzip, deflate or identity",
                got: head.text(range)
            )
        }
        guard coding != .identity else { return body }
        return try NetworkBody.decompressed(body, limits: limits, memory: &memory)
    }

    private func deadline(
        head: HTTPRequestHead,
        received: MonotonicTime
    ) throws(InferenceError) -> Deadline {
        guard let text = head.timeout.map({ head.text($0) }) else { return .none }
        guard let nanoseconds = RequestTimeout.nanoseconds(text) else {
            throw InferenceError(
                .invalidArgument,
                "malformed Apus-Timeout: expected up to eight digits and a unit of H, M, S, m, u or n",
                field: "Apus-Timeout",
                expected: "for example 100m for 100 milliseconds",
                got: text
            )
        }
        return Deadline(time: received.advanced(byNanoseconds: nanoseconds))
    }

    private func makeSink(
        head: HTTPRequestHead,
        question: V2InferRequest,
        selector: ModelSelector,
        body: ByteBuffer,
        exchange: HTTPExchange
    ) -> InferenceAnswerSink {
        let isRaw = head.inferenceHeaderLength.map { head.decimal($0) == 0 } ?? false
        return InferenceAnswerSink(
            exchange: exchange,
            form: InferenceAnswerSink.Form(
                id: question.id,
                outputs: isRaw
                    ? .allBinary : V2OutputForm(listed: question.outputs, others: question.binaryDataOutput),
                coding: head.acceptEncoding.map { ContentCoding(acceptEncoding: head.text($0)) } ?? .identity,
                hasTiming: head.asksForTiming
            ),
            services: services,
            reporter: makeReporter(selector: selector, inputs: question.inputs, body: body, exchange: exchange)
        )
    }

    private func makeReporter(
        selector: ModelSelector?,
        inputs: [NamedTensor],
        body: ByteBuffer,
        exchange: HTTPExchange
    ) -> RequestReporter {
        RequestReporter(
            services: services,
            operation: .infer,
            received: exchange.received,
            selector: selector,
            inputs: inputs,
            bytesIn: body.readableBytes
        )
    }
    private static let onlyStreams = InferenceError(
        .unsupported,
        "HTTP end point doesn't support models with decoupled transaction policy",
        field: "model",
        hint: "a request to this model may get none or many answers, which only a stream can carry"
    )
}
