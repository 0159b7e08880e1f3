internal import ApusCore

extension EnsembleRun {
    /// What a request to an ensemble passes on to its steps.
    struct Traits: Sendable {
        let id: String
        let sequence: SequencePosition?
        let timings: RequestTimings
        private let operation: Operation
        private let caller: Caller
        private let deadline: Deadline
        private let queueTimeout: Int64
        private let priority: UInt64
        private let parameters: [String: ParameterValue]
        private let traceParent: String
        private let ensembleDepth: Int

        init(_ request: borrowing InferenceRequest) {
            self.id = request.id
            self.sequence = request.sequence
            self.timings = request.timings
            self.operation = request.operation
            self.caller = request.caller
            self.deadline = request.deadline
            self.queueTimeout = request.queueTimeout
            self.priority = request.priority
            self.parameters = request.parameters
            self.traceParent = request.traceParent
            self.ensembleDepth = request.ensembleDepth
        }

        /// What schedulers put in front of a request's failures; the ensemble's own has it once.
        var prefix: String {
            Scheduler.prefixed(InferenceError(.internalFailure, ""), id: id).message
        }

        /// A step's request.
        func request(
            _ inputs: [NamedTensor],
            outputs: [String],
            received: MonotonicTime,
            lease: consuming Lease
        ) -> InferenceRequest {
            var request = InferenceRequest(
                inputs: inputs,
                timings: RequestTimings(received: received),
                lease: lease
            )
            request.id = id
            request.operation = operation
            request.caller = caller
            request.requestedOutputs = outputs
            request.deadline = deadline
            request.queueTimeout = queueTimeout
            request.priority = priority
            request.sequence = sequence
            request.parameters = parameters
            request.traceParent = traceParent
            request.ensembleDepth = ensembleDepth + 1
            return request
        }
    }
}
