internal import ApusCore
internal import ApusEngine

/// Ends an experiment that takes too long: a row that was made up may cost what no request did.
final class TrialWatch: WakeTarget {
    private let run: RunningBatch

    /// Watches an instance, whose earlier terminations are forgotten.
    init(_ instance: any ModelInstance) {
        run = RunningBatch(instance)
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
    func end() { run.end() }

    func timePassed() { run.leave() }
}
