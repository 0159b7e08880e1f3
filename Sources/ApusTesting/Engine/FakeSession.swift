package import ApusCore
package import ApusEngine
internal import Synchronization

/// A session that computes what a test says, as slowly as a test says, and remembers what it was asked.
package final class FakeSession: EngineSession {
    /// Turns a call into its outputs.
    package typealias Computation = @Sendable (FakeRun) throws(EngineError) -> [Tensor]

    /// How long each part of a run takes on the session's manual clock, in nanoseconds.
    package struct Durations: Sendable {
        /// Preparing inputs.
        package var input: Int64
        /// Computing.
        package var infer: Int64
        /// Preparing outputs.
        package var output: Int64

        /// Sets all three.
        package init(input: Int64 = 0, infer: Int64 = 0, output: Int64 = 0) {
            self.input = input
            self.infer = infer
            self.output = output
        }
    }

    private struct State {
        var runs: [FakeRun] = []
        var failures: [EngineError] = []
        var instanceFailures: [EngineError] = []
        var durations = Durations()
        var inputHook: (@Sendable () -> Void)?
        var instanceCount = 0
        var terminations: [Int] = []
        var overlaps = 0
        var deaths: [Int] = []
    }

    package let signature: ModelSignature
    package let allocator: any TensorAllocator = HeapTensorAllocator()
    /// Every run stands here before it computes.
    package let gate = RunGate()
    /// The clock that runs take time on; `nil` for the system's, which no run takes time on.
    let time: ManualTime?
    let compute: Computation
    private let state = Mutex(State())

    /// Makes a session.
    ///
    /// - Parameters:
    ///   - signature: What it says of its model.
    ///   - time: The clock that `durations` pass on.
    ///   - compute: What a run gives.
    package init(
        signature: ModelSignature,
        time: ManualTime? = nil,
        compute: @escaping Computation = FakeRun.identity
    ) {
        self.signature = signature
        self.time = time
        self.compute = compute
    }

    package func makeInstance() throws(EngineError) -> any ModelInstance {
        let (number, failure) = state.withLock { state -> (Int, EngineError?) in
            guard state.instanceFailures.isEmpty else { return (0, state.instanceFailures.removeFirst()) }
            defer { state.instanceCount += 1 }
            return (state.instanceCount, nil)
        }
        if let failure { throw failure }
        return FakeInstance(self, number: number)
    }
}

extension FakeSession {
    /// Lets the next run fail after it has passed the gate; called twice, the next two, in this order.
    package func failNextRun(with error: EngineError) {
        state.withLock { $0.failures.append(error) }
    }

    /// The instances that have reported that they are lost, in order: those whose run failed with `instanceLost`.
    package var deaths: [Int] { state.withLock { $0.deaths } }

    /// Notes that an instance is lost.
    func instanceDied(_ instance: Int) {
        state.withLock { $0.deaths.append(instance) }
    }

    /// Lets the next `makeInstance` fail; called twice, the next two, in this order.
    package func failNextInstance(with error: EngineError) {
        state.withLock { $0.instanceFailures.append(error) }
    }

    /// How long runs take from now on, on the manual clock.
    package var durations: Durations {
        get { state.withLock { $0.durations } }
        set { state.withLock { $0.durations = newValue } }
    }

    /// Called by every run from now on at its beginning, where an engine copies inputs, before it comes to the gate.
    package var inputHook: (@Sendable () -> Void)? {
        get { state.withLock { $0.inputHook } }
        set { state.withLock { $0.inputHook = newValue } }
    }

    /// All runs so far, in the order in which they began.
    package var runs: [FakeRun] { state.withLock { $0.runs } }

    /// Instances made so far.
    package var instanceCount: Int { state.withLock { $0.instanceCount } }

    /// The instances that were told to terminate, in order.
    package var terminations: [Int] { state.withLock { $0.terminations } }

    /// How often an instance was called while it was still running: a scheduler that gives a permit twice.
    package var overlaps: Int { state.withLock { $0.overlaps } }

    /// Notes the beginning of a run; the failure that it should end with, if there is one.
    func runBegan(_ run: FakeRun) -> EngineError? {
        state.withLock { state in
            state.runs.append(run)
            return state.failures.isEmpty ? nil : state.failures.removeFirst()
        }
    }

    /// Notes that a permit was given twice.
    func runsOverlapped() {
        state.withLock { $0.overlaps += 1 }
    }

    /// Notes a call of `terminate`.
    func terminationAsked(instance: Int) {
        state.withLock { $0.terminations.append(instance) }
    }
}
