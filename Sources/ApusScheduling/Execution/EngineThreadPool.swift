internal import CLinux
internal import DequeModule
internal import Dispatch
internal import Synchronization

/// Something to run on an engine thread.
protocol EngineJob: AnyObject, Sendable {
    /// Runs it once.
    func run()
}

/// The process's engine threads: as many as the CPU budget has cores, for the calls of all instances of all models.
///
/// Jobs run in the order in which they came; a model puts in one job for each free instance, so that models take turns.
package final class EngineThreadPool: Sendable {
    private struct State {
        var jobs = Deque<any EngineJob>()
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    /// The number of threads.
    package let threadCount: Int

    /// Starts the threads.
    package init(threadCount: Int) {
        self.threadCount = max(1, threadCount)
        for index in 0..<self.threadCount {
            EngineThread.start(name: "apus-engine-\(index)") { [weak self] in
                guard let wake = self?.wake else { return }
                while true {
                    wake.wait()
                    guard let self, self.runNext() else { return }
                }
            }
        }
    }

    deinit {
        // A thread that wakes up without a pool ends.
        for _ in 0..<threadCount { wake.signal() }
    }

    /// Ends the threads when the jobs that are there have run.
    package func stop() {
        state.withLock { $0.isStopped = true }
        for _ in 0..<threadCount { wake.signal() }
    }

    func submit(_ job: any EngineJob) {
        state.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    /// Runs one job; `false` when the pool has been stopped and nothing is left.
    private func runNext() -> Bool {
        let (job, isStopped) = state.withLock { ($0.jobs.popFirst(), $0.isStopped) }
        guard let job else { return !isStopped }
        job.run()
        return true
    }
}
