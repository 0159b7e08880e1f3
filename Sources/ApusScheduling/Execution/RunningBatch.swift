internal import ApusEngine
internal import Synchronization

/// One run under way and the requests that still want its outcome: when the last of them has been called back, the
/// run is terminated.
final class RunningBatch: Sendable {
    private struct State {
        /// Requests that want the outcome; one more while they are being gathered.
        var members = 1
        var isOver = false
    }

    private let instance: any ModelInstance
    private let state = Mutex(State())

    /// Begins on an instance, whose earlier terminations are forgotten.
    init(_ instance: any ModelInstance) {
        self.instance = instance
        instance.clearTermination()
    }

    /// A request takes part.
    func join() {
        state.withLock { $0.members += 1 }
    }

    /// All have been gathered.
    ///
    /// - Returns: Whether anybody still wants the outcome; otherwise the run is not to be made.
    func gathered() -> Bool {
        state.withLock { state in
            state.members -= 1
            return state.members > 0
        }
    }

    /// A request has been called back.
    func leave() {
        state.withLock { state in
            state.members -= 1
            // Under the lock, so that the instance still runs this batch.
            if state.members == 0, !state.isOver { instance.terminate() }
        }
    }

    /// The run is over: a call back that comes now must not hit the instance's next run.
    func end() {
        state.withLock { $0.isOver = true }
    }
}
