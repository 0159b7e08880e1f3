package import ApusCore
package import ApusEngine
internal import Synchronization

/// An instance of a `FakeSession`.
package final class FakeInstance: ModelInstance {
    private let session: FakeSession
    private let number: Int
    private let isRunning = Atomic(false)
    /// Once it has reported that it is lost, it stays so.
    private let isDead = Atomic(false)

    /// Makes an instance with its place among those of its session.
    init(_ session: FakeSession, number: Int) {
        self.session = session
        self.number = number
    }

    package func run(
        inputs: [Tensor?],
        outputs: [Int],
        timings: inout RequestTimings
    ) throws(EngineError) -> [Tensor] {
        if isRunning.exchange(true, ordering: .acquiringAndReleasing) { session.runsOverlapped() }
        defer { isRunning.store(false, ordering: .releasing) }
        let run = FakeRun(instance: number, inputs: inputs, outputs: outputs)
        guard !isDead.load(ordering: .acquiring) else {
            throw EngineError(.instanceLost, "fake instance \(number) was lost before")
        }
        let failure = session.runBegan(run)
        session.inputHook?()
        let durations = session.durations
        timings.inputReady = now(after: durations.input)
        let hasPassed = session.gate.pass(instance: number)
        timings.inferEnded = now(after: durations.infer)
        guard hasPassed else { throw EngineError(.terminated, "the fake run was terminated") }
        do throws(EngineError) {
            if let failure { throw failure }
            let tensors = try session.compute(run)
            _ = now(after: durations.output)
            return tensors
        } catch {
            if error.code == .instanceLost {
                isDead.store(true, ordering: .releasing)
                session.instanceDied(number)
            }
            throw error
        }
    }

    package func terminate() {
        session.terminationAsked(instance: number)
        session.gate.interrupt(instance: number)
    }

    package func clearTermination() {
        session.gate.forgetInterruption(instance: number)
    }

    private func now(after nanoseconds: Int64) -> MonotonicTime {
        guard let time = session.time else { return SystemTime().now }
        time.advance(byNanoseconds: nanoseconds)
        return time.now
    }
}
