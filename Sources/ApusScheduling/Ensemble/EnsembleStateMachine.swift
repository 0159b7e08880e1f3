/// Where one request to an ensemble stands: which steps can run now, whether it is over.
///
/// Names and numbers only: who holds the tensors and asks the models is `EnsembleRun`.
struct EnsembleStateMachine: ~Copyable, Sendable {
    private enum Phase {
        /// Waits for so many tensors.
        case waiting(Int)
        case running
        case ended
        /// Nobody wants what it gives.
        case unneeded
    }

    private let plan: EnsemblePlan
    private var phases: [Phase]
    /// Steps whose tensors are there, in the order in which they came to be so.
    private var ready: [Int] = []
    private var nextReady = 0
    /// For each tensor how many will still read it, the answer included.
    private var uses: [Int]
    /// Steps that haven't ended.
    private var unfinished = 0
    /// Whether nothing more is to be started.
    private(set) var isOver = false

    /// Starts a request.
    ///
    /// - Parameters:
    ///   - plan: The ensemble.
    ///   - outputs: Indices of the outputs wanted.
    ///   - runsAll: Whether steps run that none of them needs.
    init(_ plan: EnsemblePlan, outputs: [Int], runsAll: Bool) {
        self.plan = plan
        let needed = runsAll ? [Bool](repeating: true, count: plan.steps.count) : plan.needed(for: outputs)
        self.uses = plan.consumers.map { consumers in consumers.count { needed[$0] } }
        for output in outputs { uses[plan.outputs[output]] += 1 }
        self.phases = needed.map { $0 ? .waiting(0) : .unneeded }
        for step in plan.steps.indices where needed[step] {
            let missing = plan.steps[step].consumed.count { plan.producers[$0] != nil }
            phases[step] = .waiting(missing)
            unfinished += 1
            if missing == 0 { ready.append(step) }
        }
    }

    /// What is to be done.
    enum Next: Equatable {
        /// Ask the model of a step; these tensors aren't needed any more afterwards.
        case start(step: Int, releasing: [Int])
        /// All is there: answer.
        case finished
        /// Wait until something happens.
        case nothing
    }

    /// Picks the next thing to do.
    mutating func next() -> Next {
        guard !isOver else { return .nothing }
        guard nextReady < ready.count else {
            guard unfinished == 0 else { return .nothing }
            isOver = true
            return .finished
        }
        let step = ready[nextReady]
        nextReady += 1
        phases[step] = .running
        var released: [Int] = []
        for tensor in plan.steps[step].consumed {
            uses[tensor] -= 1
            if uses[tensor] == 0 { released.append(tensor) }
        }
        return .start(step: step, releasing: released)
    }

    /// A step has given all that it should.
    mutating func stepSucceeded(_ step: Int) {
        guard case .running = phases[step] else { return }
        phases[step] = .ended
        unfinished -= 1
        for port in plan.steps[step].outputs {
            for consumer in plan.consumers[port.tensor] {
                guard case .waiting(let missing) = phases[consumer] else { continue }
                phases[consumer] = .waiting(missing - 1)
                if missing == 1 { ready.append(consumer) }
            }
        }
    }

    /// What a premature end means.
    enum OnEnd: Equatable {
        /// It's over now: answer, and call these steps back.
        case ends(running: [Int])
        /// It was over before.
        case ignored
    }

    /// A step couldn't give what it should.
    mutating func stepFailed(_ step: Int) -> OnEnd {
        if case .running = phases[step] {
            phases[step] = .ended
            unfinished -= 1
        }
        return calledBack()
    }

    /// Nobody waits for the answer any more.
    mutating func calledBack() -> OnEnd {
        guard !isOver else { return .ignored }
        isOver = true
        return .ends(running: phases.indices.filter { isRunning($0) })
    }

    /// Whether a step's model has been asked and hasn't come to an end.
    func isRunning(_ step: Int) -> Bool {
        if case .running = phases[step] { true } else { false }
    }

    /// Whether somebody will read a tensor.
    func isWanted(_ tensor: Int) -> Bool { uses[tensor] > 0 }
}
