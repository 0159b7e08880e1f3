internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Writes the answer to one v2 inference over HTTP.
final class InferenceAnswerSink: AnswerSink {
    /// What the request said of its answer.
    struct Form: Sendable {
        let id: String
        let outputs: V2OutputForm
        let coding: ContentCoding
        let hasTiming: Bool
    }

    private let exchange: HTTPExchange
    private let form: Form
    private let services: EdgeServices
    private let reporter: RequestReporter
    let lane: any CompletionLane

    init(exchange: HTTPExchange, form: Form, services: EdgeServices, reporter: RequestReporter) {
        self.exchange = exchange
        self.form = form
        self.services = services
        self.reporter = reporter
        self.lane = exchange.loop.lane
    }

    var demand: Int { 1 }

    func receive(_ answer: consuming InferenceAnswer) {
        let fate = exchange.fate
        guard fate == .sent else { return reporter.dropped(fate, id: form.id) }
        do throws(InferenceError) {
            let encoder = try V2ResponseEncoder(
                id: form.id,
                model: answer.lease.model.description,
                outputs: answer.outputs,
                request: form.outputs,
                maxBytes: services.configuration.limits.maxAnswerBytes
            )
            let charge = try charge(encoder.bound)
            var body = exchange.makeBody()
            body.charge = consume charge
            var head = HTTPResponseHead(status: 200)
            encode(encoder, into: &body, head: &head)
            if form.hasTiming {
                let version = answer.lease.model.description.id.version
                head.fields.append((ServerTiming.name, ServerTiming.value(of: answer.timings, version: version)))
            }
            let byteCount = body.byteCount
            exchange.answer(head, body)
            reporter.succeeded(answer, byteCount: byteCount)
        } catch {
            fail(error)
        }
    }

    func finish(_ end: AnswerEnd) {
        if case .failure(let error) = end { fail(error) }
    }

    private func fail(_ error: InferenceError) {
        let fate = exchange.fate
        guard fate == .sent else { return reporter.dropped(fate, id: form.id) }
        let (head, bytes) = HTTPStatusTable.answer(to: error)
        exchange.answer(head, bytes: bytes)
        reporter.failed(error, status: head.status, id: form.id, byteCount: bytes.count)
    }

    /// The answer's share of the budget; `nil` for a small one.
    private func charge(_ byteCount: Int) throws(InferenceError) -> ByteCharge? {
        guard byteCount > RequestMemory.freeBytes else { return nil }
        guard let charge = ByteCharge(byteCount, from: services.budget) else { throw ByteBudget.exhausted }
        return charge
    }

    private func encode(
        _ encoder: V2ResponseEncoder,
        into body: inout HTTPResponseBody,
        head: inout HTTPResponseHead
    ) {
        // Room for all of it at once: a buffer that grows copies.
        body.buffer.reserveCapacity(minimumWritableBytes: encoder.bound)
        body.buffer.writeWithOutputRawSpan(minimumWritableBytes: encoder.jsonBound) { span in
            encoder.write(into: &span)
        }
        let binary = encoder.binaryTensors
        if binary.contains(where: { $0.storage.byteCount > 0 }) {
            head.contentType = HTTPResponseHead.binary
            head.inferenceHeaderLength = body.byteCount
            for tensor in binary { NetworkBody.append(tensor, to: &body.buffer) }
        }
        guard form.coding != .identity, body.byteCount >= services.configuration.compressionFloor,
            let compressed = NetworkBody.compressed(body.buffer, as: form.coding)
        else { return }
        head.contentEncoding = form.coding.rawValue
        body.buffer.moveWriterIndex(to: body.buffer.readerIndex)
        body.buffer.writeBytes(compressed)
    }
}
