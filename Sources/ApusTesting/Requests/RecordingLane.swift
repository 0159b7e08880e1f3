package import ApusCore
internal import Dispatch
internal import Glibc
internal import Synchronization

/// An event loop in miniature: keeps completions until a thread that stands for the loop carries them out.
package final class RecordingLane: CompletionLane {
    private struct State {
        var current: pthread_t?
        var waiting: [any Delivery] = []
        var deliveries: [Int] = []
        var watchers: [(deliveries: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// Makes a lane that nobody runs on yet.
    package init() {}

    /// Whether the caller runs inside `run`.
    package var isCurrent: Bool {
        let caller = pthread_self()
        return state.withLock { $0.current == caller }
    }

    /// How many deliveries came at a time, in order.
    package var deliveries: [Int] { state.withLock { $0.deliveries } }

    package var deliversAtOnce: Bool { false }

    package func deliver(_ deliveries: [any Delivery]) {
        let reached = state.withLock { state in
            state.waiting += deliveries
            state.deliveries.append(deliveries.count)
            let count = state.deliveries.count
            let reached = state.watchers.filter { $0.deliveries <= count }.map(\.continuation)
            state.watchers.removeAll { $0.deliveries <= count }
            return reached
        }
        for continuation in reached { continuation.resume() }
        wake.signal()
    }

    /// Runs a body on the lane: the calling thread is the lane meanwhile.
    package func run<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        let caller = pthread_self()
        let outer = state.withLock { state in
            defer { state.current = caller }
            return state.current
        }
        defer { state.withLock { $0.current = outer } }
        return try body()
    }

    /// Carries out what has been delivered so far.
    package func carryOut() {
        let batch = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        run { for delivery in batch { delivery.carryOut() } }
    }

    /// Carries completions out on the calling thread, which waits for them, until a condition holds.
    package func carryOut(until isOver: () -> Bool) {
        carryOut()
        while !isOver() {
            wake.wait()
            carryOut()
        }
    }

    /// Waits until there have been so many deliveries.
    package func delivered(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.deliveries.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isOver { continuation.resume() }
        }
    }
}
