internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Answers an inference in a protocol's own form: look the model up, decode into its memory, submit.
final class InferRoute<Codec: InferenceCodec> {
    private let services: EdgeServices
    private let service: any InferenceService
    private let codec: Codec

    /// Makes the route for one event loop.
    init(codec: Codec, services: EdgeServices) {
        self.services = services
        self.service = services.configuration.service
        self.codec = codec
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
            let chosen = try codec.selector(of: operation, head: head)
            selector = chosen
            let lease = try service.lease(chosen)
            guard codec.takesDecoupledModels || !lease.model.description.isDecoupled else {
                throw InferenceError.onlyStreams
            }
            let deadline = try deadline(head: head, exchange: exchange)
            if let refusal = lease.model.refuseEarly(deadline, received: exchange.received) { throw refusal }
            var memory = RequestMemory(allocator: lease.model.allocator, budget: services.budget)
            let plain = try decompressed(body, head: head, memory: &memory)
            let question = try codec.decode(plain, head: head, model: lease.model.description, memory: &memory)
            let sink = makeSink(
                head: head,
                question: question,
                operation: operation,
                selector: chosen,
                body: body,
                exchange: exchange
            )
            var request = InferenceRequest(
                inputs: question.inputs,
                timings: RequestTimings(received: exchange.received),
                lease: lease
            )
            request.operation = operation.operation
            request.id = question.id
            request.caller = operation.caller
            request.requestedOutputs = question.requestedOutputs
            request.priority = question.priority
            request.sequence = question.sequence
            request.parameters = question.parameters
            request.charge = memory.takeCharge()
            request.deadline = deadline
            request.queueTimeout = RequestTimeout.nanoseconds(microseconds: question.timeoutMicroseconds)
            exchange.cancel(with: service.submit(request, to: sink))
        } catch {
            let error = codec.refusal(error, of: selector)
            let (answer, bytes) = codec.refusalForm.answer(to: error)
            exchange.answer(answer, bytes: bytes)
            makeReporter(operation, selector: selector, inputs: [], body: body, exchange: exchange)
                .failed(error, status: answer.status, id: "", byteCount: bytes.count)
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

    private func deadline(head: HTTPRequestHead, exchange: HTTPExchange) throws(InferenceError) -> Deadline {
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
        let arrived = exchange.loop.earliestArrival(readAt: exchange.received)
        return Deadline(time: arrived.advanced(byNanoseconds: nanoseconds))
    }

    private func makeSink(
        head: HTTPRequestHead,
        question: InferenceQuestion<Codec.Form>,
        operation: AdmittedOperation,
        selector: ModelSelector,
        body: ByteBuffer,
        exchange: HTTPExchange
    ) -> any AnswerSink {
        codec.makeSink(
            exchange,
            question: question,
            wish: InferenceWish(
                id: question.id,
                coding: head.acceptEncoding.map { ContentCoding(acceptEncoding: head.text($0)) } ?? .identity,
                hasTiming: head.asksForTiming
            ),
            services: services,
            reporter: makeReporter(
                operation,
                selector: selector,
                inputs: question.inputs,
                body: body,
                exchange: exchange
            )
        )
    }

    private func makeReporter(
        _ operation: AdmittedOperation,
        selector: ModelSelector?,
        inputs: [NamedTensor],
        body: ByteBuffer,
        exchange: HTTPExchange
    ) -> RequestReporter {
        RequestReporter(
            services: services,
            operation: operation.operation,
            received: exchange.received,
            selector: selector,
            inputs: inputs,
            bytesIn: body.readableBytes
        )
    }
}

extension InferenceError {
    /// The refusal of a request that only a stream can answer.
    static let onlyStreams = InferenceError(
        .unsupported,
        "HTTP end point doesn't support models with decoupled transaction policy",
        field: "model",
        hint: "a request to this model may get none or many answers, which only a stream can carry"
    )
}
