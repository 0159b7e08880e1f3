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
        var id = ""
        do throws(InferenceError) {
            let chosen = try codec.selector(of: operation, head: head)
            selector = chosen
            let lease = try service.lease(chosen)
            let served = lease.model
            let model = served.description
            guard codec.takesDecoupledModels || !model.isDecoupled else { throw InferenceError.onlyStreams }
            let deadline = try deadline(head: head, exchange: exchange)
            let refusal = served.refuseEarly(deadline, of: operation.caller, received: exchange.received) {
                id = codec.id(of: body, head: head)
                return id
            }
            if let refusal { throw refusal }
            var memory = RequestMemory(allocator: served.allocator, budget: services.budget)
            let plain = try decompressed(body, head: head, memory: &memory)
            let arrival = InferenceArrival(
                operation: operation,
                selector: chosen,
                deadline: deadline,
                coding: head.acceptEncoding.map { ContentCoding(acceptEncoding: head.text($0)) } ?? .identity,
                hasTiming: head.asksForTiming,
                bytesIn: body.readableBytes,
                exchange: exchange
            )
            if let decoding = try codec.longDecoding(of: plain, head: head, model: model) {
                let content = LongInference<Codec>.Content(lease: lease, memory: memory, decoding: decoding)
                return LongInference(route: self, arrival: arrival, content: content)
                    .start(by: services.configuration.work)
            }
            let question = try codec.decode(plain, head: head, model: model, memory: &memory)
            submit(question, lease: lease, charge: memory.takeCharge(), arrival: arrival)
        } catch {
            refuse(
                error,
                of: selector,
                operation: operation,
                id: id,
                bytesIn: body.readableBytes,
                exchange: exchange
            )
        }
    }

    /// Has the model asked; its answer may come before this returns.
    func submit(
        _ question: InferenceQuestion<Codec.Form>,
        lease: consuming Lease,
        charge: consuming ByteCharge?,
        arrival: InferenceArrival
    ) {
        let exchange = arrival.exchange
        let sink = makeSink(for: question, arrival: arrival)
        var request = InferenceRequest(
            inputs: question.inputs,
            timings: RequestTimings(received: exchange.received),
            lease: lease
        )
        request.operation = arrival.operation.operation
        request.id = question.id
        request.caller = arrival.operation.caller
        request.requestedOutputs = question.requestedOutputs
        request.priority = question.priority
        request.sequence = question.sequence
        request.parameters = question.parameters
        request.charge = charge
        request.deadline = arrival.deadline
        request.queueTimeout = InferenceRequest.nanoseconds(microseconds: question.timeoutMicroseconds)
        exchange.cancel(with: service.submit(request, to: sink))
    }

    /// Answers a request whose body was decoded elsewhere with a failure.
    func refuse(_ error: InferenceError, arrival: InferenceArrival) {
        guard arrival.exchange.fate == .sent else { return dropped(arrival) }
        refuse(
            error,
            of: arrival.selector,
            operation: arrival.operation,
            id: "",
            bytesIn: arrival.bytesIn,
            exchange: arrival.exchange
        )
    }

    /// Notes that nobody waits any more for a request whose body is decoded elsewhere.
    func dropped(_ arrival: InferenceArrival) {
        makeReporter(
            arrival.operation,
            selector: arrival.selector,
            inputs: [],
            bytesIn: arrival.bytesIn,
            exchange: arrival.exchange
        )
        .dropped(arrival.exchange.fate)
    }

    private func refuse(
        _ error: InferenceError,
        of selector: ModelSelector?,
        operation: AdmittedOperation,
        id: String,
        bytesIn: Int,
        exchange: HTTPExchange
    ) {
        let error = codec.refusal(error, of: selector)
        let (answer, bytes) = codec.refusalForm.answer(to: error)
        exchange.answer(answer, bytes: bytes)
        makeReporter(operation, selector: selector, inputs: [], bytesIn: bytesIn, exchange: exchange)
            .failed(error, status: answer.status, id: id, byteCount: bytes.count)
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
        for question: InferenceQuestion<Codec.Form>,
        arrival: InferenceArrival
    ) -> any AnswerSink {
        codec.makeSink(
            arrival.exchange,
            question: question,
            wish: InferenceWish(
                id: question.id,
                coding: arrival.coding,
                hasTiming: arrival.hasTiming
            ),
            services: services,
            reporter: makeReporter(
                arrival.operation,
                selector: arrival.selector,
                inputs: question.inputs,
                bytesIn: arrival.bytesIn,
                exchange: arrival.exchange
            )
        )
    }

    private func makeReporter(
        _ operation: AdmittedOperation,
        selector: ModelSelector?,
        inputs: [NamedTensor],
        bytesIn: Int,
        exchange: HTTPExchange
    ) -> RequestReporter {
        RequestReporter(
            services: services,
            operation: operation.operation,
            received: exchange.received,
            selector: selector,
            inputs: inputs,
            bytesIn: bytesIn
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
