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
        /// The least bytes worth compressing.
        let compressionFloor: Int
    }

    private let exchange: HTTPExchange
    private let form: Form
    private let reporter: RequestReporter
    let lane: any CompletionLane

    init(exchange: HTTPExchange, form: Form, reporter: RequestReporter) {
        self.exchange = exchange
        self.form = form
        self.reporter = reporter
        self.lane = exchange.loop.lane
    }

    var demand: Int { 1 }

    func receive(_ answer: consuming InferenceAnswer) {
        do throws(InferenceError) {
            let model = answer.lease.model.description
            let encoder = try V2ResponseEncoder(
                id: form.id,
                model: model,
                outputs: answer.outputs,
                request: form.outputs
            )
            var body = exchange.makeBody()
            var head = HTTPResponseHead(status: 200)
            encode(encoder, into: &body, head: &head)
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
        let (head, bytes) = HTTPStatusTable.answer(to: error)
        exchange.answer(head, bytes: bytes)
        reporter.failed(error, status: head.status, id: form.id, byteCount: bytes.count)
    }

    private func encode(
        _ encoder: V2ResponseEncoder,
        into body: inout HTTPResponseBody,
        head: inout HTTPResponseHead
    ) {
        body.buffer.writeWithOutputRawSpan(minimumWritableBytes: encoder.jsonBound) { span in
            encoder.write(into: &span)
        }
        let binary = encoder.binaryTensors
        if binary.contains(where: { $0.storage.byteCount > 0 }) {
            head.contentType = HTTPResponseHead.binary
            head.inferenceHeaderLength = body.byteCount
            for tensor in binary { NetworkBody.append(tensor, to: &body.buffer) }
        }
        guard form.coding != .identity, body.byteCount >= form.compressionFloor,
            let compressed = NetworkBody.compressed(body.buffer, as: form.coding)
        else { return }
        head.contentEncoding = form.coding.rawValue
        body.buffer.moveWriterIndex(to: body.buffer.readerIndex)
        body.buffer.writeBytes(compressed)
    }
}
