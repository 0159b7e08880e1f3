internal import ApusCore
internal import GRPCCore

/// Tells the observer how a call ended, by the status that the same end would have over HTTP.
struct RPCReporter: Sendable {
    private let configuration: GRPCEdgeConfiguration
    private let operation: Operation
    private let received: MonotonicTime

    init(_ configuration: GRPCEdgeConfiguration, operation: Operation) {
        self.configuration = configuration
        self.operation = operation
        self.received = configuration.time.now
    }

    /// The call was answered.
    func succeeded() {
        report(nil)
    }

    /// The call failed.
    func failed(_ error: InferenceError) {
        report(error)
    }

    private func report(_ error: InferenceError?) {
        let status = GRPCStatusTable.httpStatus(of: error.map { GRPCStatusTable.code(of: $0.code) })
        configuration.observer.answered(status: status)
        guard configuration.observer.wantsRecord(ofFailure: error != nil) else { return }
        var record = AccessRecord(
            operation: operation,
            status: status,
            latencyNanoseconds: configuration.time.now.nanoseconds(since: received)
        )
        record.code = error?.code
        configuration.observer.requestEnded(record)
    }
}
