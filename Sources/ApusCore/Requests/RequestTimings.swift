/// When a request passed each station; the phases of the statistics are the differences.
package struct RequestTimings: Sendable {
    /// Where an answer came from.
    package enum Origin: UInt8, Sendable {
        /// A run of the model that was made for it.
        case run
        /// The response cache.
        case cache
        /// A run that was made for an equal request.
        case sharedRun
    }

    /// The first byte of the request was read; of one that came early on its connection, when the request before it had
    /// been answered.
    package var received: MonotonicTime
    /// The body was decoded and the request admitted: the queue begins.
    package var queued: MonotonicTime
    /// An instance was free for it: from then on it only waited for company; `computeStarted` where it didn't.
    package var gatheringStarted: MonotonicTime
    /// An instance took it: the queue ends, input is prepared.
    package var computeStarted: MonotonicTime
    /// Inputs stood ready for the engine.
    package var inputReady: MonotonicTime
    /// The engine returned.
    package var inferEnded: MonotonicTime
    /// Outputs stood ready for the edge.
    package var computeEnded: MonotonicTime
    /// Items in the run that answered it, those of other requests included; 0 when there was none.
    package var batchSize: UInt32 = 0
    /// Where the answer came from.
    package var origin = Origin.run

    /// Starts the record.
    package init(received: MonotonicTime) {
        self.received = received
        self.queued = received
        self.gatheringStarted = received
        self.computeStarted = received
        self.inputReady = received
        self.inferEnded = received
        self.computeEnded = received
    }
}
