import Dispatch
import NIOCore
import Synchronization

/// An event loop that collects what it is asked to execute until it is told to run, and counts how often it was woken.
final class QueueingEventLoop: EventLoop {
    private struct State {
        var tasks: [@Sendable () -> Void] = []
        var wakeCount = 0
    }

    private let state = Mutex(State())

    var inEventLoop: Bool { false }

    /// How often something was handed to the loop.
    var wakeCount: Int { state.withLock { $0.wakeCount } }

    func execute(_ task: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.tasks.append(task)
            state.wakeCount += 1
        }
    }

    /// Runs what waits; `false` when nothing did.
    @discardableResult func run() -> Bool {
        let tasks = state.withLock { state in
            defer { state.tasks = [] }
            return state.tasks
        }
        for task in tasks { task() }
        return !tasks.isEmpty
    }

    func scheduleTask<T>(deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        preconditionFailure("not needed")
    }

    func scheduleTask<T>(in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        preconditionFailure("not needed")
    }

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        callback(nil)
    }
}
