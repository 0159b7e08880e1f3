internal import ApusCore
internal import ApusEngine
internal import Synchronization

/// When and how it is tried which threads a model's runs should use.
extension Scheduler {
    /// Runs of each way that the trial's medians are taken from; the first one of each isn't counted.
    private static let trialRuns = 9

    /// A run that took longer than this is not repeated both ways, in nanoseconds.
    private static let longestThreadTrial: UInt64 = 50_000_000

    /// What to try now, with a request whose run took so long; `nil` for nothing.
    func beginThreadTrial(after run: RunCost) -> ThreadUse? {
        guard reopen != nil, run.wall <= Scheduler.longestThreadTrial else { return nil }
        return state.withLock { $0.threads.beginTrial() }
    }

    /// Tries the other way with a request that has just been answered, and takes the better one.
    ///
    /// - Returns: Why the instance is lost, if it is.
    func tryThreads(
        _ use: ThreadUse,
        with queued: QueuedRequest,
        after run: RunCost,
        on permit: Permit
    ) -> EngineError? {
        guard let reopen else { return nil }
        var loss: EngineError?
        do throws(EngineError) {
            let session = try reopen(use)
            let instance = try session.makeInstance()
            let watches = [TrialWatch(permit.instance), TrialWatch(instance)]
            let end = time.now.advanced(byNanoseconds: TrialWatch.patience(after: run.wall))
            for watch in watches { watch.start(on: pool, until: end) }
            defer { for watch in watches { watch.end() } }
            var (here, there): ([UInt64], [UInt64]) = ([], [])
            for round in 0..<Scheduler.trialRuns {
                let other = try measure(queued, on: instance)
                let one: UInt64
                do throws(EngineError) {
                    one = try measure(queued, on: permit.instance)
                } catch {
                    if error.code == .instanceLost { loss = error }
                    throw error
                }
                if round > 0 { (here, there) = (here + [one], there + [other]) }
            }
            let (one, other) = (here.sorted()[here.count / 2], there.sorted()[there.count / 2])
            let (caller, shared) = use == .caller ? (other, one) : (one, other)
            if ThreadChoice.better(caller: caller, shared: shared) == use { try moveInstances(to: session) }
            state.withLock { $0.threads.tried(caller: caller, shared: shared) }
        } catch {
            state.withLock { $0.threads.failed(because: error.message) }
        }
        return loss
    }

    private func measure(_ queued: QueuedRequest, on instance: any ModelInstance) throws(EngineError) -> UInt64 {
        var timings = RequestTimings(received: time.now)
        let began = time.now
        let outcome = compute(queued.call.inputs, outputs: queued.call.outputs, on: instance, timings: &timings)
        if case .failure(let error) = outcome { throw error }
        return timings.computeEnded.nanoseconds(since: began)
    }

    /// Has every instance run on another session of the same model from its next run on.
    private func moveInstances(to session: any EngineSession) throws(EngineError) {
        let count = state.withLock { $0.instances.count }
        var made: [any ModelInstance] = []
        for _ in 0..<count { made.append(try session.makeInstance()) }
        let old = state.withLock { state -> EngineState in
            let old = EngineState(instances: state.instances, sessions: state.sessions)
            // Unloaded meanwhile: there is nobody to move.
            guard state.instances.count == made.count else { return old }
            state.instances = made
            state.sessions = Array(repeating: session, count: made.count)
            // What was measured was measured with other threads.
            state.machine.forgetCosts()
            state.inline.forgetShapes()
            return old
        }
        // Freed here, outside of the lock, or by the last run that has one of them.
        _ = consume old
    }
}
