package import ApusCore
package import ApusEngine
internal import Synchronization

/// A session whose runs give as many answers as a test says, each after passing a gate.
package final class FakeDecoupledSession: EngineSession {
    /// Turns a call into its answers; a failure ends the run after those before it.
    package typealias Computation = @Sendable (FakeRun) -> [Result<[Tensor], EngineError>]

    package let signature: ModelSignature
    package let allocator: any TensorAllocator = HeapTensorAllocator()
    /// Every answer stands here before it is given.
    package let gate = RunGate()
    fileprivate let compute: Computation
    fileprivate let counts = Mutex<(given: Int, ended: Int, instances: Int)>((0, 0, 0))

    /// Makes a session.
    package init(signature: ModelSignature, compute: @escaping Computation) {
        self.signature = signature
        self.compute = compute
    }

    /// Answers that somebody took.
    package var given: Int { counts.withLock { $0.given } }

    /// Runs that have come to an end.
    package var ended: Int { counts.withLock { $0.ended } }

    /// Instances made so far.
    package var instanceCount: Int { counts.withLock { $0.instances } }

    package func makeInstance() throws(EngineError) -> any ModelInstance {
        counts.withLock { $0.instances += 1 }
        return FakeDecoupledInstance(self)
    }
}

/// An instance of a `FakeDecoupledSession`.
private final class FakeDecoupledInstance: DecoupledModelInstance {
    private let session: FakeDecoupledSession
    /// Once it has reported that it is lost, it stays so.
    private let isDead = Atomic(false)

    init(_ session: FakeDecoupledSession) {
        self.session = session
    }

    func run(
        inputs: [Tensor?],
        outputs: [Int],
        timings: inout RequestTimings,
        give: ([Tensor]) throws(EngineError) -> Void
    ) throws(EngineError) {
        defer { session.counts.withLock { $0.ended += 1 } }
        guard !isDead.load(ordering: .acquiring) else {
            throw EngineError(.instanceLost, "the fake instance was lost before")
        }
        for answer in session.compute(FakeRun(instance: 0, inputs: inputs, outputs: outputs)) {
            guard session.gate.pass(instance: 0) else { throw EngineError(.terminated, "the fake run was terminated") }
            if case .failure(let error) = answer, error.code == .instanceLost {
                isDead.store(true, ordering: .releasing)
            }
            try give(answer.get())
            session.counts.withLock { $0.given += 1 }
        }
    }

    func run(inputs: [Tensor?], outputs: [Int], timings: inout RequestTimings) throws(EngineError) -> [Tensor] {
        throw EngineError(.runFailed, "a decoupled model was asked for one answer")
    }

    func terminate() {
        session.gate.interrupt(instance: 0)
    }

    func clearTermination() {
        session.gate.forgetInterruption(instance: 0)
    }
}
