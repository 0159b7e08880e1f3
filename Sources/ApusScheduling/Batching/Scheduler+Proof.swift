internal import ApusCore
internal import ApusEngine
internal import Synchronization

/// When the proof is made that requests may share runs.
extension Scheduler {
    /// A run that took longer than this is not repeated to find something out, in nanoseconds.
    private static let longestTrial: UInt64 = 2_000_000_000

    /// Makes the experiments that are due, on an instance that has just run a request, after everybody was answered.
    ///
    /// Nobody waits for an experiment and nobody calls it back: so it follows only a run that came to its end, which tells
    /// how long it may take, and is terminated when it takes many times that.
    func findOut(with queued: QueuedRequest, after run: RunCost, on permit: Permit, answers: inout Answers) {
        guard answers.loss == nil, run.wall <= Scheduler.longestTrial else { return }
        if beginProof() {
            countAndDeliver(&answers)
            answers.loss = prove(with: queued, after: run, on: permit)
        }
        guard answers.loss == nil, let use = beginThreadTrial(after: run) else { return }
        countAndDeliver(&answers)
        answers.loss = tryThreads(use, with: queued, after: run, on: permit)
    }

    /// Whether somebody had to wait, or runs are to be filled up, so that it's time to find out whether rows may share runs.
    func beginProof() -> Bool {
        let now = time.now
        return state.withLock { state in
            guard state.safety == .unknown, !state.isProving,
                state.machine.waiting > 0 || state.load.gathers(now: now) || !allowedSizes.isEmpty
            else { return false }
            state.runsUntilProof = max(0, state.runsUntilProof - 1)
            guard state.runsUntilProof == 0 else { return false }
            state.isProving = true
            return true
        }
    }

    /// Finds out whether requests may share runs, on an instance that has just answered a request.
    ///
    /// - Returns: Why the instance is lost, if it is.
    private func prove(with queued: QueuedRequest, after run: RunCost, on permit: Permit) -> EngineError? {
        let watch = TrialWatch(permit.instance)
        watch.start(on: pool, until: time.now.advanced(byNanoseconds: TrialWatch.patience(after: run.wall)))
        defer { watch.end() }
        var verdict = BatchSafety.Verdict.isUnsafe("a trial with several rows ended its instance")
        var loss: EngineError?
        do throws(EngineError) {
            verdict = try BatchSafety.prove(
                inputs: queued.call.inputs,
                outputs: layout.sessionOutputs(Array(description.outputs.indices)),
                maxRows: description.maxBatchSize > 0 ? description.maxBatchSize : ProbeRows.count,
                on: permit.instance,
                allocator: allocator
            )
        } catch {
            loss = error
        }
        state.withLock { state in
            state.isProving = false
            state.safety = verdict
            state.runsUntilProof = state.nextProofPause
            state.nextProofPause = min(state.nextProofPause * 2, 1 << 20)
            state.machine.setJoining(verdict == .isSafe)
        }
        return loss
    }

    /// What the statistics say of joining requests, and of filling runs up.
    func batchingNote(on verdict: BatchSafety.Verdict) -> String {
        let sizes = allowedSizes.sizes.map(String.init).joined(separator: ", ")
        let filling = "so runs are not filled up to allowed_batch_sizes"
        switch verdict {
        case .unknown:
            return "requests run one by one: nothing has waited yet, so nobody has found out whether batches are safe"
                + (allowedSizes.isEmpty ? "" : "; \(filling)")
        case .isSafe:
            return "requests that wait share a run: rows were proved to leave each other alone"
                + (allowedSizes.isEmpty ? "" : "; runs are filled up to \(sizes) rows")
        case .isUnsafe(let reason):
            return "requests run one by one: \(reason)" + (allowedSizes.isEmpty ? "" : "; \(filling)")
        }
    }
}
