package import ApusCore
internal import CLinux
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Something to run on an engine thread.
protocol EngineJob: AnyObject, Sendable {
    /// Runs it once.
    func run()
    /// Whose job it is: models take turns.
    var model: ObjectIdentifier { get }
    /// How the model stands to others.
    var priority: ModelPriority { get }
}

extension EngineJob {
    var model: ObjectIdentifier { ObjectIdentifier(self) }
    var priority: ModelPriority { .normal }
}

/// The process's engine threads: as many as the CPU budget has cores, for the calls of all instances of all models.
///
/// A model puts in one job for each free instance; models take turns, by their priorities (`JobTurns`).
package final class EngineThreadPool: Sendable {
    private let jobs = Mutex(JobTurns<any EngineJob>())
    /// `nil` where nobody is to be woken up.
    let wakeUps: WakeUps?
    private let wake = DispatchSemaphore(value: 0)
    /// Jobs that nobody was woken for, because a thread was about to come back.
    private let followUps = Atomic<Int>(0)
    /// The number of threads.
    package let threadCount: Int

    /// Starts the threads, which end when the pool is let go.
    ///
    /// - Throws: `RuntimeFailure.Code.resource` when the system doesn't give as many threads.
    package convenience init(
        threadCount: Int,
        time: any TimeSource = SystemTime()
    ) throws(RuntimeFailure) {
        try self.init(threadCount: threadCount, wakingBy: time, startThread: EngineThread.start)
    }

    /// Starts the threads by `startThread`, which returns 0 or the system's error number.
    ///
    /// - Parameters:
    ///   - threadCount: How many.
    ///   - time: The clock by which schedulers are woken up, on one thread more; `nil` for a pool that only runs jobs.
    ///   - startThread: Starts one; one that starts none leaves it to a test to call `runNext()` and `wakeUps.ring()`.
    /// - Throws: `RuntimeFailure.Code.resource` when the system doesn't give as many threads.
    init(
        threadCount: Int,
        wakingBy time: (any TimeSource)?,
        startThread: (_ name: String, _ run: @escaping @Sendable () -> Void) -> Int32
    ) throws(RuntimeFailure) {
        self.threadCount = max(1, threadCount)
        self.wakeUps = if let time { try WakeUps(time: time, startThread: startThread) } else { nil }
        for index in 0..<self.threadCount {
            let error = startThread("apus-engine-\(index)") { [weak self] in
                guard let wake = self?.wake else { return }
                // A thread that only computes doesn't push an event loop aside when it wakes up: so what the loop is
                // about to bring runs along with what it has brought. An idle core takes it up at once all the same.
                _ = CLinux_becomeBatchThread()
                while true {
                    wake.wait()
                    guard let self else { return }
                    repeat { self.runNext() } while self.takeFollowUp()
                }
            }
            guard error == 0 else {
                throw RuntimeFailure(
                    .resource,
                    "the system gives only \(index) of \(self.threadCount) threads for running models: "
                        + "\(unsafe String(cString: strerror(error))); raise the limit (ulimit -u, the container's pids) or "
                        + "ask for fewer with --cpu-budget"
                )
            }
        }
    }

    deinit {
        // A thread that wakes up without a pool ends.
        for _ in 0..<threadCount { wake.signal() }
    }

    /// Has a job run in its turn.
    func submit(_ job: any EngineJob) {
        jobs.withLock { $0.append(job, of: job.model, priority: job.priority) }
        wake.signal()
    }

    /// Has a job run in its turn, and wakes nobody for it: the caller takes up the next job when its own has ended.
    ///
    /// Only from a job of this pool that has nothing left to do but to hand something over.
    func submitFollowUp(_ job: any EngineJob) {
        jobs.withLock { $0.append(job, of: job.model, priority: job.priority) }
        followUps.add(1, ordering: .acquiringAndReleasing)
    }

    /// Takes the right to run a job that nobody was woken for; `false` when there is none.
    private func takeFollowUp() -> Bool {
        var count = followUps.load(ordering: .acquiring)
        while count > 0 {
            let outcome = followUps.compareExchange(
                expected: count,
                desired: count - 1,
                ordering: .acquiringAndReleasing
            )
            if outcome.exchanged { return true }
            count = outcome.original
        }
        return false
    }

    /// Whether it can wake anybody up.
    var hasAlarms: Bool { wakeUps != nil }

    /// Has a scheduler woken up at a moment, or soon after.
    func wake(_ target: any WakeTarget, at moment: MonotonicTime) {
        assert(hasAlarms, "a pool that only runs jobs was asked for an alarm")
        wakeUps?.wake(target, at: moment)
    }

    /// Runs the job whose turn it is.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    func runNext() -> Bool {
        guard let job = jobs.withLock({ $0.next() }) else { return false }
        job.run()
        return true
    }
}
