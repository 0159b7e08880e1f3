internal import ApusCore
internal import Synchronization

/// A lane without an event loop: whoever delivers first carries out what comes meanwhile, one after the other.
///
/// For calls that wait in a task; what runs on it only encodes an answer and wakes that task up.
final class SerialLane: CompletionLane {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var isRunning = false
    }

    private let state = Mutex(State())

    /// Never: so engines don't run on the threads of tasks.
    var isCurrent: Bool { false }

    func deliver(_ deliveries: consuming [any Delivery]) {
        // Each is let go when it has been carried out, not when all of them have.
        var left = deliveries
        left.reverse()
        while let next = left.popLast() { perform { next.carryOut() } }
    }

    /// Carries something out on the lane, at once when nothing else runs there.
    func perform(_ work: @escaping @Sendable () -> Void) {
        let isFirst = state.withLock { state in
            state.waiting.append(work)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard isFirst else { return }
        while let next = next() { next() }
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isRunning = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
