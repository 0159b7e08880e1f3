internal import Dispatch
internal import Synchronization

/// Holds runs back until a test lets them go on; open unless it is closed.
///
/// A run that waits blocks its thread, as an engine's call does; tests wait for runs without blocking theirs.
package final class RunGate: Sendable {
    /// One run that stands at the gate.
    private final class Waiter: Sendable {
        let instance: Int
        let wake = DispatchSemaphore(value: 0)
        let mayPass = Mutex(false)

        init(instance: Int) {
            self.instance = instance
        }
    }

    private struct State {
        var isOpen: Bool
        var arrivals = 0
        var waiting: [Waiter] = []
        var interrupted: Set<Int> = []
        var watchers: [(arrivals: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    /// Makes a gate.
    package init(isOpen: Bool = true) {
        self.state = Mutex(State(isOpen: isOpen))
    }

    /// Runs that have come to the gate since the start.
    package var arrivals: Int { state.withLock { $0.arrivals } }

    /// Runs that stand at the gate now.
    package var waiting: Int { state.withLock { $0.waiting.count } }

    /// Holds runs back from now on.
    package func close() {
        state.withLock { $0.isOpen = false }
    }

    /// Lets all runs go on, those that wait and those still to come.
    package func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiters { release(waiter, mayPass: true) }
    }

    /// Lets the run that has waited longest go on; nothing happens when there is none.
    package func passOne() {
        let waiter = state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
        if let waiter { release(waiter, mayPass: true) }
    }

    /// Lets the run of an instance go on; nothing happens when it doesn't wait.
    package func passRun(of instance: Int) {
        let waiters = state.withLock { state in
            defer { state.waiting.removeAll { $0.instance == instance } }
            return state.waiting.filter { $0.instance == instance }
        }
        for waiter in waiters { release(waiter, mayPass: true) }
    }

    /// Waits until so many runs have come to the gate since the start.
    package func arrived(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.arrivals >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    /// Stands at the gate; `false` when the run was interrupted.
    func pass(instance: Int) -> Bool {
        let waiter = Waiter(instance: instance)
        let (isInterrupted, mustWait, reached) = state.withLock { state in
            state.arrivals += 1
            let isInterrupted = state.interrupted.contains(instance)
            let mustWait = !state.isOpen && !isInterrupted
            if mustWait { state.waiting.append(waiter) }
            let arrivals = state.arrivals
            let reached = state.watchers.filter { $0.arrivals <= arrivals }.map(\.continuation)
            state.watchers.removeAll { $0.arrivals <= arrivals }
            return (isInterrupted, mustWait, reached)
        }
        for continuation in reached { continuation.resume() }
        guard mustWait else { return !isInterrupted }
        waiter.wake.wait()
        return waiter.mayPass.withLock { $0 }
    }

    /// Ends the wait of an instance's run; when it doesn't wait, its next run doesn't pass.
    func interrupt(instance: Int) {
        let waiters = state.withLock { state in
            state.interrupted.insert(instance)
            defer { state.waiting.removeAll { $0.instance == instance } }
            return state.waiting.filter { $0.instance == instance }
        }
        for waiter in waiters { release(waiter, mayPass: false) }
    }

    /// Lets an instance's runs pass again.
    func forgetInterruption(instance: Int) {
        state.withLock { _ = $0.interrupted.remove(instance) }
    }

    private func release(_ waiter: Waiter, mayPass: Bool) {
        waiter.mayPass.withLock { $0 = mayPass }
        waiter.wake.signal()
    }
}
