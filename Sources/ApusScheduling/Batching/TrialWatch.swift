internal import ApusCore
internal import ApusEngine
internal import Synchronization

/// Ends an experiment that takes too long: a row that was made up may cost what no request did.
final class TrialWatch: WakeTarget {
    /// `nil` once it is over: the alarm keeps this object until its time, and must not keep the model's memory.
    private let run: Mutex<RunningBatch?>

    /// Watches an instance, whose earlier terminations are forgotten.
    init(_ instance: any ModelInstance) {
        run = Mutex(RunningBatch(instance))
    }

    /// How long an experiment may take.
    ///
    /// - Parameter wall: How long the run took whose request it repeats, some twenty times at most, in nanoseconds.
    /// - Returns: Nanoseconds.
    static func patience(after wall: UInt64) -> Int64 {
        200_000_000 + 50 * Int64(clamping: min(wall, 10_000_000_000))
    }

    /// Terminates what the instance runs then.
    func start(on pool: EngineThreadPool, until moment: MonotonicTime) {
        pool.wake(self, at: moment)
    }

    /// The experiment is over.
    func end() {
        run.withLock { run in
            run?.end()
            run = nil
        }
    }

    func timePassed() {
        // Under the lock, so that the instance still runs what is to be ended.
        run.withLock { run in
            run?.leave()
            run = nil
        }
    }
}
