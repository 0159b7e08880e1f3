internal import ApusCore
internal import ApusListener
internal import Synchronization

/// Gives the one answer of a generate request, when it is known that no other follows.
final class GenerateSink: AnswerSink {
    private let exchange: HTTPExchange
    private let form: GenerateForm
    private let services: EdgeServices
    private let reporter: RequestReporter
    let lane: any CompletionLane
    private let held = Mutex(HeldAnswer())

    /// What has been written.
    private struct HeldAnswer: ~Copyable {
        var writer: AnswerWriter?
        var error: InferenceError?
        /// The failure has been told before the model's end.
        var isOver = false
    }

    init(exchange: HTTPExchange, form: GenerateForm, services: EdgeServices, reporter: RequestReporter) {
        self.exchange = exchange
        self.form = form
        self.services = services
        self.reporter = reporter
        self.lane = exchange.loop.lane
    }

    var demand: Int { 1 }

    func receive(_ answer: consuming InferenceAnswer) {
        guard exchange.fate == .sent else { return }
        let (isFirst, isSecond) = held.withLock { held in
            let isFirst = held.writer == nil && held.error == nil
            let isSecond = !isFirst && !held.isOver
            if isSecond { held.isOver = true }
            return (isFirst, isSecond)
        }
        guard isFirst else {
            // The model isn't waited for: it may go on for long.
            if isSecond {
                exchange.callBack()
                fail(GenerateSink.severalAnswers)
            }
            return
        }
        do throws(InferenceError) {
            var writer = AnswerWriter(body: exchange.makeBody(), services: services)
            try form.write(answer, to: &writer)
            var written: AnswerWriter? = consume writer
            held.withLock { $0.writer = written.take() }
        } catch {
            held.withLock { $0.error = error }
        }
    }

    func finish(_ end: AnswerEnd) {
        if held.withLock({ $0.isOver }) { return }
        let fate = exchange.fate
        guard fate == .sent else { return reporter.dropped(fate, id: form.id) }
        if case .failure(let error) = end { return fail(error) }
        if let error = held.withLock({ $0.error }) { return fail(error) }
        guard let writer = held.withLock({ $0.writer.take() }) else { return fail(GenerateSink.noAnswer) }
        let byteCount = writer.body.byteCount
        writer.answer(exchange)
        reporter.answered(status: 200, byteCount: byteCount)
    }

    private func fail(_ error: InferenceError) {
        let (head, bytes) = form.answer(to: error)
        exchange.answer(head, bytes: bytes)
        reporter.failed(error, status: head.status, id: form.id, byteCount: bytes.count)
    }

    private static let severalAnswers = InferenceError(
        .invalidArgument,
        "generate expects model to produce exactly 1 response, use generate stream for model that generates various "
            + "number of responses"
    )

    private static let noAnswer = InferenceError(
        .invalidArgument,
        "generate expects model to produce exactly 1 response, and it gave none; use generate stream"
    )
}

extension AnswerWriter {
    /// Sends what has been written.
    consuming func answer(_ exchange: HTTPExchange) {
        let head = head
        exchange.answer(head, body)
    }
}
