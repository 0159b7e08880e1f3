internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Answers `POST …/infer`: look the model up, decode into its memory, submit.
final class InferRoute {
    private let configuration: HTTPEdgeConfiguration
    private let decoder: V2RequestDecoder

    /// Makes the route for one event loop; `nil` when there is no memory.
    init?(configuration: HTTPEdgeConfiguration) {
        guard let decoder = V2RequestDecoder(limits: configuration.limits) else { return nil }
        self.configuration = configuration
        self.decoder = decoder
    }

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
            let lease = try configuration.service.lease(chosen)
            let plain = try decompressed(body, head: head)
            let question = try decode(plain, head: head, lease: lease)
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
            request.parameters = question.parameters
            request.deadline = try deadline(head: head, question: question, received: exchange.received)
            let deadline = request.deadline
            exchange.cancel(with: configuration.service.submit(request, to: sink), deadline: deadline)
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
        lease: borrowing Lease
    ) throws(InferenceError) -> V2InferRequest {
        let model = lease.model.description
        let allocator = lease.model.allocator
        guard let range = head.inferenceHeaderLength else {
            return try unsafe NetworkBody.withJSON(of: body, byteCount: body.readableBytes) {
                json throws(InferenceError) in
                try unsafe decoder.decode(json: json, binary: NoBinaryBody(), model: model, allocator: allocator)
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
            return try RawRequest(model: model, limits: configuration.limits)
                .decode(NetworkBody(tail), allocator: allocator)
        }
        return try unsafe NetworkBody.withJSON(of: body, byteCount: length) { json throws(InferenceError) in
            try unsafe decoder.decode(json: json, binary: NetworkBody(tail), model: model, allocator: allocator)
        }
    }

    private func decompressed(_ body: ByteBuffer, head: HTTPRequestHead) throws(InferenceError) -> ByteBuffer {
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
        return coding == .identity ? body : try NetworkBody.decompressed(body, limits: configuration.limits)
    }

    private func deadline(
        head: HTTPRequestHead,
        question: V2InferRequest,
        received: MonotonicTime
    ) throws(InferenceError) -> Deadline {
        var limit: Int64?
        if let text = head.timeout.map({ head.text($0) }) {
            guard let nanoseconds = RequestTimeout.nanoseconds(text) else {
                throw InferenceError(
                    .invalidArgument,
                    "malformed Apus-Timeout: expected up to eight digits and a unit of H, M, S, m, u or n",
                    field: "Apus-Timeout",
                    expected: "for example 100m for 100 milliseconds",
                    got: text
                )
            }
            limit = nanoseconds
        }
        return RequestTimeout.deadline(received: received, microseconds: question.timeoutMicroseconds, header: limit)
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
                compressionFloor: configuration.compressionFloor
            ),
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
            observer: configuration.observer,
            time: configuration.time,
            operation: .infer,
            received: exchange.received,
            selector: selector,
            inputs: inputs,
            bytesIn: body.readableBytes
        )
    }
}
