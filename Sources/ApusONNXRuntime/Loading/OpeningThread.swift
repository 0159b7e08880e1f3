internal import ApusEngine
internal import Dispatch
internal import Glibc
internal import Synchronization

/// A thread of ordinary priority on which models are opened whose sessions make threads of their own.
///
/// Loading threads have low priority. On Linux a thread inherits it from the one that makes it, and only root may raise it
/// again; so those sessions would compute at low priority for ever. This thread is made when the engine is, by whoever
/// starts the server, and waits for work without costing anything.
final class OpeningThread: Sendable {
    /// What the thread waits for; it outlives the engine by as long as the thread does.
    private final class Desk: Sendable {
        let bell = DispatchSemaphore(value: 0)
        /// `nil` when the thread shall end.
        let work = Mutex<(@Sendable () -> Void)?>(nil)
    }

    private let desk = Desk()
    /// One piece of work at a time.
    private let turn = DispatchSemaphore(value: 1)

    /// Starts the thread.
    init() throws(EngineError) {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(desk).toOpaque()
        let error = unsafe pthread_create(
            &thread,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                let desk = unsafe Unmanaged<Desk>.fromOpaque(context).takeRetainedValue()
                OpeningThread.settle()
                while true {
                    desk.bell.wait()
                    guard let work = desk.work.withLock({ $0.take() }) else { return nil }
                    work()
                }
            },
            context
        )
        guard error == 0 else {
            unsafe Unmanaged<Desk>.fromOpaque(context).release()
            throw EngineError(
                .other,
                "the system gives no thread for opening models: \(unsafe String(cString: strerror(error))) "
                    + "(limits: ulimit -u, the container's pids)"
            )
        }
        pthread_detach(thread)
    }

    deinit {
        desk.bell.signal()
    }

    /// Has the thread do something and waits for its result.
    func run<Success: Sendable>(
        _ body: @escaping @Sendable () throws(EngineError) -> Success
    ) throws(EngineError) -> Success {
        turn.wait()
        defer { turn.signal() }
        let outcome = Outcome<Success>()
        desk.work.withLock { work in
            work = {
                do throws(EngineError) {
                    outcome.fill(.success(try body()))
                } catch {
                    outcome.fill(.failure(error))
                }
            }
        }
        desk.bell.signal()
        return try outcome.wait().get()
    }

    /// Carries a result from one thread to another.
    private final class Outcome<Success: Sendable>: Sendable {
        private let isThere = DispatchSemaphore(value: 0)
        private let result = Mutex<Result<Success, EngineError>>(.failure(EngineError(.other, "nothing was done")))

        func fill(_ result: Result<Success, EngineError>) {
            self.result.withLock { $0 = result }
            isThere.signal()
        }

        func wait() -> Result<Success, EngineError> {
            isThere.wait()
            return result.withLock { $0 }
        }
    }

    /// Leaves signals to others, except those that mean a fault of its own.
    private static func settle() {
        var signals = sigset_t()
        unsafe sigfillset(&signals)
        for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] { unsafe sigdelset(&signals, fault) }
        unsafe pthread_sigmask(SIG_SETMASK, &signals, nil)
    }
}
