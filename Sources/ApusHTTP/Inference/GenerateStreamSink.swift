internal import ApusCore
internal import ApusListener
internal import NIOCore

/// Gives the answers of a generate request as they come, each as a server-sent event.
///
/// The status is decided by what comes first; a failure after that is one more event.
final class GenerateStreamSink: AnswerSink {
    private let exchange: HTTPExchange
    private let form: GenerateForm
    private let services: EdgeServices
    private let reporter: RequestReporter
    let lane: any CompletionLane
    private let box: NIOLoopBoundBox<Progress>

    /// How far the stream is.
    private struct Progress {
        var hasBegun = false
        var hasFailed = false
        var byteCount = 0
    }

    init(exchange: HTTPExchange, form: GenerateForm, services: EdgeServices, reporter: RequestReporter) {
        self.exchange = exchange
        self.form = form
        self.services = services
        self.reporter = reporter
        self.lane = exchange.loop.lane
        self.box = NIOLoopBoundBox(Progress(), eventLoop: exchange.loop.eventLoop)
    }

    private var progress: Progress {
        get { box.value }
        set { box.value = newValue }
    }

    var demand: Int { progress.hasBegun ? exchange.demand : 1 }

    func whenDemanded(_ resume: @escaping @Sendable () -> Void) {
        exchange.whenDemanded(resume)
    }

    func receive(_ answer: consuming InferenceAnswer) {
        guard exchange.fate == .sent, !progress.hasFailed else { return }
        do throws(InferenceError) {
            var writer = AnswerWriter(body: exchange.makeBody(), services: services)
            try form.write(answer, to: &writer)
            begin()
            progress.byteCount += writer.body.byteCount
            writer.append(exchange)
        } catch {
            fail(error)
        }
    }

    func finish(_ end: AnswerEnd) {
        let fate = exchange.fate
        guard fate == .sent else {
            if !progress.hasFailed { reporter.dropped(fate, id: form.id) }
            return
        }
        if case .failure(let error) = end, !progress.hasFailed { fail(error) }
        guard !progress.hasFailed else { return }
        begin()
        exchange.end()
        reporter.answered(status: 200, byteCount: progress.byteCount)
    }

    private func begin() {
        guard !progress.hasBegun else { return }
        progress.hasBegun = true
        var head = HTTPResponseHead(status: 200)
        head.contentType = GenerateForm.eventStream
        exchange.begin(head)
    }

    /// Says what went wrong, as the whole answer or as the last event.
    private func fail(_ error: InferenceError) {
        progress.hasFailed = true
        // What the model would still give is for nobody: it must not hold its instance until its own end.
        exchange.callBack()
        guard progress.hasBegun else {
            let (head, bytes) = form.answer(to: error)
            exchange.answer(head, bytes: bytes)
            return reporter.failed(error, status: head.status, id: form.id, byteCount: bytes.count)
        }
        var body = exchange.makeBody()
        body.buffer.writeBytes(form.event(of: error))
        progress.byteCount += body.byteCount
        exchange.append(body)
        exchange.end()
        reporter.failed(error, status: 200, id: form.id, byteCount: progress.byteCount)
    }
}

extension AnswerWriter {
    /// Sends what has been written as a part of an answer.
    consuming func append(_ exchange: HTTPExchange) {
        exchange.append(body)
    }
}
