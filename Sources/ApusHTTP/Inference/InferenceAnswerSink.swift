internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Writes the answer to one inference over HTTP in the form that its protocol gives it.
final class InferenceAnswerSink<Form: AnswerForm>: AnswerSink {
    private let exchange: HTTPExchange
    private let form: Form
    private let wish: InferenceWish
    private let services: EdgeServices
    private let reporter: RequestReporter
    let lane: any CompletionLane

    init(exchange: HTTPExchange, form: Form, wish: InferenceWish, services: EdgeServices, reporter: RequestReporter) {
        self.exchange = exchange
        self.form = form
        self.wish = wish
        self.services = services
        self.reporter = reporter
        self.lane = exchange.loop.lane
    }

    var demand: Int { 1 }

    func receive(_ answer: consuming InferenceAnswer) {
        let fate = exchange.fate
        guard fate == .sent else { return reporter.dropped(fate, id: wish.id) }
        do throws(InferenceError) {
            var writer = AnswerWriter(body: exchange.makeBody(), services: services)
            try form.write(answer, to: &writer)
            compress(&writer)
            if wish.hasTiming {
                let version = answer.lease.model.description.id.version
                writer.head.fields.append((ServerTiming.name, ServerTiming.value(of: answer.timings, version: version)))
            }
            let byteCount = writer.body.byteCount
            exchange.answer(writer.head, writer.body)
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
        guard fate == .sent else { return reporter.dropped(fate, id: wish.id) }
        let (head, bytes) = form.answer(to: error)
        exchange.answer(head, bytes: bytes)
        reporter.failed(error, status: head.status, id: wish.id, byteCount: bytes.count)
    }

    private func compress(_ writer: inout AnswerWriter) {
        guard wish.coding != .identity, writer.body.byteCount >= services.configuration.compressionFloor,
            let compressed = NetworkBody.compressed(writer.body.buffer, as: wish.coding)
        else { return }
        writer.head.contentEncoding = wish.coding.rawValue
        writer.body.buffer.moveWriterIndex(to: writer.body.buffer.readerIndex)
        writer.body.buffer.writeBytes(compressed)
    }
}
