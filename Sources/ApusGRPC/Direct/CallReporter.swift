internal import ApusCore
internal import ApusListener

/// Tells the observer how a ModelInfer ended, gathering facts only when somebody wants them.
///
/// Statuses are those that the same end would have over HTTP, so that metrics and logs need but one vocabulary.
struct CallReporter: Sendable {
    /// No status of HTTP's: nothing was sent.
    private static let clientGone = 499

    private let services: CallServices
    private let received: MonotonicTime
    var selector: ModelSelector?
    var inputs: [TensorSummary] = []
    var bytesIn = 0

    init(services: CallServices, received: MonotonicTime) {
        self.services = services
        self.received = received
    }

    private var observer: any RequestObserver { services.configuration.observer }

    /// Notes the inputs, when somebody may want them.
    mutating func note(_ inputs: [NamedTensor]) {
        guard observer.wantsRecord(ofFailure: true) else { return }
        self.inputs = inputs.map { TensorSummary(name: $0.name, shape: $0.tensor.shape) }
    }

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

    /// An inference failed.
    func failed(_ error: InferenceError, _ status: GRPCStatus, id: String) {
        let code = GRPCStatusTable.httpStatus(of: status.code)
        observer.answered(status: code)
        guard observer.wantsRecord(ofFailure: true) else { return }
        var record = makeRecord(status: code, byteCount: 0)
        record.requestID = id
        record.code = error.code
        observer.requestEnded(record)
    }

    /// An answer was dropped: nobody waited for it any more, or the connection had answered, and counted, by itself.
    func dropped(_ fate: HTTPAnswerFate, id: String = "") {
        let isRefused = fate == .refused
        let status = isRefused ? 503 : CallReporter.clientGone
        if !isRefused { observer.answered(status: status) }
        guard observer.wantsRecord(ofFailure: true) else { return }
        var record = makeRecord(status: status, byteCount: 0)
        record.requestID = id
        record.code = isRefused ? .unavailable : .cancelled
        observer.requestEnded(record)
    }

    private func makeRecord(status: Int, byteCount: Int) -> AccessRecord {
        var record = AccessRecord(
            operation: .infer,
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
