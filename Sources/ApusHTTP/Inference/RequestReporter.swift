internal import ApusCore
internal import ApusListener

/// Tells the observer how a request ended, gathering facts only when somebody wants them.
struct RequestReporter: Sendable {
    private let services: EdgeServices
    private let operation: Operation
    private let received: MonotonicTime
    private let selector: ModelSelector?
    private let inputs: [TensorSummary]
    private let bytesIn: Int

    init(
        services: EdgeServices,
        operation: Operation,
        received: MonotonicTime,
        selector: ModelSelector?,
        inputs: [NamedTensor] = [],
        bytesIn: Int
    ) {
        self.services = services
        self.operation = operation
        self.received = received
        self.selector = selector
        let isWanted = services.configuration.observer.wantsRecord(ofFailure: true)
        self.inputs = isWanted ? inputs.map { TensorSummary(name: $0.name, shape: $0.tensor.shape) } : []
        self.bytesIn = bytesIn
    }

    private var observer: any RequestObserver { services.configuration.observer }

    /// An inference was answered.
    func succeeded(_ answer: borrowing InferenceAnswer, byteCount: Int) {
        observer.answered(status: 200)
        guard observer.wantsRecord(ofFailure: false) else { return }
        var record = makeRecord(status: 200, byteCount: byteCount)
        record.requestID = answer.id
        record.version = answer.lease.model.description.id.version
        record.outputs = answer.outputs.map { TensorSummary(name: $0.name, shape: $0.tensor.shape) }
        record.phases = AccessRecord.Phases(answer.timings)
        observer.requestEnded(record)
    }

    /// A request failed.
    func failed(_ error: InferenceError, status: Int, id: String, byteCount: Int) {
        observer.answered(status: status)
        guard observer.wantsRecord(ofFailure: true) else { return }
        var record = makeRecord(status: status, byteCount: byteCount)
        record.requestID = id
        record.code = error.code
        observer.requestEnded(record)
    }

    /// Something that is no inference was answered.
    func answered(status: Int, byteCount: Int) {
        observer.answered(status: status)
        let isFailure = status >= 400
        guard observer.wantsRecord(ofFailure: isFailure) else { return }
        var record = makeRecord(status: status, byteCount: byteCount)
        if isFailure { record.code = status == 404 ? .notFound : status < 500 ? .invalidArgument : .unavailable }
        observer.requestEnded(record)
    }

    /// An answer was dropped: nobody waited for it any more, or the connection had answered, and counted, by itself.
    func dropped(_ fate: HTTPAnswerFate, id: String = "") {
        let isRefused = fate == .refused
        let status = isRefused ? 503 : RequestReporter.clientGone
        if !isRefused { observer.answered(status: status) }
        guard observer.wantsRecord(ofFailure: true) else { return }
        var record = makeRecord(status: status, byteCount: 0)
        record.requestID = id
        record.code = isRefused ? .unavailable : .cancelled
        observer.requestEnded(record)
    }

    /// No status of HTTP's, as nothing was sent; the word for it in logs and metrics, as nginx made it known.
    private static let clientGone = 499

    private func makeRecord(status: Int, byteCount: Int) -> AccessRecord {
        var record = AccessRecord(
            operation: operation,
            status: status,
            latencyNanoseconds: services.configuration.time.now.nanoseconds(since: received)
        )
        record.model = selector?.name
        if case .exact(let version) = selector?.version { record.version = version }
        record.inputs = inputs
        record.bytesIn = UInt64(bytesIn)
        record.bytesOut = UInt64(byteCount)
        return record
    }
}
