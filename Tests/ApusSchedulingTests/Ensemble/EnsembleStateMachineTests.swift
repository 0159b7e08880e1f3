import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

struct EnsembleStateMachineTests {
    private func step(
        _ model: String,
        _ inputs: [String: String],
        _ outputs: [String: String]
    ) -> EnsemblePlan.WrittenStep {
        EnsemblePlan.WrittenStep(model: ModelSelector(name: ModelName(model)!), inputs: inputs, outputs: outputs)
    }

    /// `a`, then `b` and `c` at the same time, then `d`.
    private func diamond() -> EnsemblePlan {
        EnsemblePlan(
            inputs: ["in"],
            outputs: ["out", "left"],
            steps: [
                step("d", ["x": "left", "y": "right"], ["z": "out"]),
                step("b", ["x": "t"], ["y": "left"]),
                step("a", ["x": "in"], ["y": "t"]),
                step("c", ["x": "t"], ["y": "right"]),
            ]
        )!
    }

    @Test func `steps run when what they need is there, those that don't need each other together`() {
        var machine = EnsembleStateMachine(diamond(), outputs: [0, 1], runsAll: false)
        var steps = [machine.next(), machine.next()]
        machine.stepSucceeded(2)
        steps += [machine.next(), machine.next(), machine.next()]
        machine.stepSucceeded(3)
        steps.append(machine.next())
        machine.stepSucceeded(1)
        steps += [machine.next(), machine.next()]
        machine.stepSucceeded(0)
        steps += [machine.next(), machine.next()]
        #expect(
            steps == [
                .start(step: 2, releasing: [0]), .nothing, .start(step: 1, releasing: []),
                .start(step: 3, releasing: [4]), .nothing, .nothing, .start(step: 0, releasing: [2]), .nothing,
                .finished, .nothing,
            ]
        )
        let isOver = machine.isOver
        #expect(isOver)
    }

    @Test func `steps that no wanted output needs don't run`() {
        var machine = EnsembleStateMachine(diamond(), outputs: [1], runsAll: false)
        var started: [Int] = []
        while case .start(let step, _) = machine.next() {
            started.append(step)
            machine.stepSucceeded(step)
        }
        #expect(started == [2, 1])
        let isOver = machine.isOver
        #expect(isOver)
    }

    @Test func `all steps run where they are told to`() {
        var machine = EnsembleStateMachine(diamond(), outputs: [1], runsAll: true)
        var started: [Int] = []
        while case .start(let step, _) = machine.next() {
            started.append(step)
            machine.stepSucceeded(step)
        }
        #expect(Set(started) == [0, 1, 2, 3])
    }

    @Test func `a failure ends it once and says who is still running`() {
        var machine = EnsembleStateMachine(diamond(), outputs: [0], runsAll: false)
        _ = machine.next()
        machine.stepSucceeded(2)
        _ = machine.next()
        _ = machine.next()
        var ends = [machine.stepFailed(1), machine.stepFailed(3), machine.calledBack()]
        #expect(ends == [.ends(running: [3]), .ignored, .ignored])
        ends = []
        let next = machine.next()
        #expect(next == .nothing)
    }

    @Test func `what never comes to an end is no plan`() {
        func plan(_ steps: [EnsemblePlan.WrittenStep], outputs: [String] = ["out"]) -> EnsemblePlan? {
            EnsemblePlan(inputs: ["in"], outputs: outputs, steps: steps)
        }
        #expect(plan([step("a", ["x": "in"], ["y": "out"])]) != nil)
        #expect(plan([step("a", ["x": "in", "y": "u"], ["z": "out"]), step("b", ["x": "out"], ["y": "u"])]) == nil)
        #expect(plan([step("a", ["x": "out"], ["y": "out"])]) == nil)
        #expect(plan([step("a", ["x": "in"], ["y": "out"]), step("b", ["x": "in"], ["y": "out"])]) == nil)
        #expect(plan([step("a", ["x": "in"], ["y": "in"])], outputs: ["in"]) == nil)
        #expect(plan([step("a", ["x": "nowhere"], ["y": "out"])]) == nil)
        #expect(plan([step("a", ["x": "in"], ["y": "t"])]) == nil)
    }

    @Test func `steps with the same model and version share a member`() {
        let exact = EnsemblePlan.WrittenStep(
            model: ModelSelector(name: ModelName("m")!, version: .exact(.first)),
            inputs: ["x": "u"],
            outputs: ["y": "out"]
        )
        let plan = EnsemblePlan(
            inputs: ["in"],
            outputs: ["out"],
            steps: [step("m", ["x": "in"], ["y": "t"]), step("m", ["x": "t"], ["y": "u"]), exact]
        )
        #expect(plan?.members.count == 2)
        #expect(plan?.steps.map(\.member) == [0, 0, 1])
        #expect(plan?.steps[2].title == "step 3 'm'")
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func `random graphs run each step once, after what it needs, and let go of each tensor once`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let ensemble = RandomEnsemble(&random)
        var walk = RandomWalk(ensemble.plan, &random)
        walk.run(&random)
        #expect(walk.violations.isEmpty, "seed \(seed): \(walk.violations)")
    }
}

/// Drives the machine with ends in random order, failures and calls back now and then, and notes what may not be.
private struct RandomWalk: ~Copyable {
    private(set) var violations: [String] = []
    private let plan: EnsemblePlan
    private let wanted: [Int]
    private let runsAll: Bool
    private var machine: EnsembleStateMachine
    private var there: Set<Int>
    private var released: Set<Int> = []
    private var running: [Int] = []
    private var started: Set<Int> = []
    private var ends = 0

    init(_ plan: EnsemblePlan, _ random: inout SeededGenerator) {
        self.plan = plan
        wanted = plan.outputs.indices.filter { _ in Bool.random(using: &random) }
        runsAll = Int.random(in: 0..<4, using: &random) == 0
        machine = EnsembleStateMachine(plan, outputs: wanted, runsAll: runsAll)
        there = Set(plan.inputs)
    }

    mutating func run(_ random: inout SeededGenerator) {
        let fails = Int.random(in: 0..<3, using: &random) == 0
        for _ in 0..<1000 {
            takeAll()
            guard !running.isEmpty else { break }
            let step = running.remove(at: Int.random(in: 0..<running.count, using: &random))
            switch Int.random(in: 0..<(fails ? 6 : 4), using: &random) {
            case 4: note(machine.stepFailed(step))
            case 5:
                running.append(step)
                note(machine.calledBack())
            default:
                for port in plan.steps[step].outputs { there.insert(port.tensor) }
                machine.stepSucceeded(step)
            }
        }
        if !machine.isOver { violations.append("it isn't over") }
        if ends != 1 { violations.append("it ended \(ends) times") }
        let needed = Set(plan.needed(for: wanted).enumerated().filter(\.element).map(\.offset))
        if !fails, started != (runsAll ? Set(plan.steps.indices) : needed) {
            violations.append("\(started) ran instead of \(needed)")
        }
        if !fails {
            for output in wanted where released.contains(plan.outputs[output]) {
                violations.append("an output was let go")
            }
        }
    }

    private mutating func takeAll() {
        while true {
            switch machine.next() {
            case .nothing: return
            case .finished:
                ends += 1
                if !running.isEmpty { violations.append("it answered before its steps had ended") }
            case .start(let step, let releasing):
                if ends > 0 { violations.append("a step began after the end") }
                if !started.insert(step).inserted { violations.append("step \(step) ran twice") }
                let consumed = Set(plan.steps[step].consumed)
                if !consumed.isSubset(of: there.subtracting(released)) {
                    violations.append("step \(step) came too early")
                }
                for tensor in releasing {
                    if !released.insert(tensor).inserted { violations.append("\(tensor) was let go twice") }
                }
                running.append(step)
            }
        }
    }

    private mutating func note(_ end: EnsembleStateMachine.OnEnd) {
        switch end {
        case .ignored: if ends == 0 { violations.append("an end was ignored") }
        case .ends(let called):
            ends += 1
            if Set(called) != Set(running) { violations.append("\(called) were called back, \(running) ran") }
        }
    }
}
