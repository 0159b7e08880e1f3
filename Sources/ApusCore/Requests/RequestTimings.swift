/// When a request passed each station; the phases of the statistics are the differences.
package struct RequestTimings: Sendable {
    /// The first byte of the request was read; of one that came early on its connection, when the request before it had
    /// been answered.
    package var received: MonotonicTime
    /// The body was decoded and the request admitted: the queue begins.
    package var queued: MonotonicTime
    /// An instance took it: the queue ends, input is prepared.
    package var computeStarted: MonotonicTime
    /// Inputs stood ready for the engine.
    package var inputReady: MonotonicTime
    /// The engine returned.
    package var inferEnded: MonotonicTime
    /// Outputs stood ready for the edge.
    package var computeEnded: MonotonicTime

    /// Starts the record.
    package init(received: MonotonicTime) {
        self.received = received
        self.queued = received
        self.computeStarted = received
        self.inputReady = received
        self.inferEnded = received
        self.computeEnded = received
    }
}
