internal import Dispatch
internal import Synchronization

extension EngineThreadPool {
    /// Does something on one of the threads and waits for it; never called by one of the threads.
    func carryOut<Outcome: Sendable>(_ work: @escaping @Sendable () -> Outcome) -> Outcome {
        let job = AwaitedJob(work)
        submit(job)
        return job.wait()
    }
}

/// A piece of work that somebody waits for.
private final class AwaitedJob<Outcome: Sendable>: EngineJob {
    private let work: @Sendable () -> Outcome
    private let outcome = Mutex<Outcome?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    init(_ work: @escaping @Sendable () -> Outcome) {
        self.work = work
    }

    var priority: ModelPriority { .low }

    func run() {
        let found = work()
        outcome.withLock { $0 = found }
        isDone.signal()
    }

    func wait() -> Outcome {
        while true {
            isDone.wait()
            if let found = outcome.withLock({ $0 }) { return found }
        }
    }
}
