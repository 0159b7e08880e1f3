/// What the access log says of one request.
package struct AccessRecord: Sendable {
    /// How long the request spent in each phase, in nanoseconds.
    package struct Phases: Hashable, Sendable {
        /// From the head's arrival until the request stood in the queue.
        package var decode: UInt64 = 0
        /// In the queue.
        package var queue: UInt64 = 0
        /// Preparing inputs for the engine.
        package var computeInput: UInt64 = 0
        /// In the engine.
        package var computeInfer: UInt64 = 0
        /// Preparing outputs for the edge.
        package var computeOutput: UInt64 = 0

        /// Starts at zero.
        package init() {}

        /// Takes the differences between the stations.
        package init(_ timings: RequestTimings) {
            decode = timings.queued.nanoseconds(since: timings.received)
            queue = timings.computeStarted.nanoseconds(since: timings.queued)
            computeInput = timings.inputReady.nanoseconds(since: timings.computeStarted)
            computeInfer = timings.inferEnded.nanoseconds(since: timings.inputReady)
            computeOutput = timings.computeEnded.nanoseconds(since: timings.inferEnded)
        }
    }

    /// The caller's name for the request; empty when none was sent.
    package var requestID = ""
    /// What was asked of the server.
    package var operation: Operation
    /// The model, when the request named a legal one.
    package var model: ModelName?
    /// The version that answered, or was asked for.
    package var version: ModelVersion?
    /// The status sent: HTTP's, or gRPC's number on that edge.
    package var status: Int
    /// Why it failed; `nil` when it didn't.
    package var code: InferenceError.Code?
    /// The inputs, as far as they were decoded.
    package var inputs: [TensorSummary] = []
    /// The outputs.
    package var outputs: [TensorSummary] = []
    /// From the head's arrival until the last byte was handed to the socket, in nanoseconds.
    package var latencyNanoseconds: UInt64
    /// Where that time went; `nil` when the request never came to a model.
    package var phases: Phases?
    /// Bytes of the body received.
    package var bytesIn: UInt64 = 0
    /// Bytes of the body sent.
    package var bytesOut: UInt64 = 0

    /// Starts a record with what every request has.
    package init(operation: Operation, status: Int, latencyNanoseconds: UInt64) {
        self.operation = operation
        self.status = status
        self.latencyNanoseconds = latencyNanoseconds
    }

    /// Whether the request failed.
    package var isFailure: Bool { code != nil }
}
