import ApusCore
import ApusTesting

@testable import ApusScheduling

/// An ensemble out of random numbers: every step needs some of the tensors that were there before it.
struct RandomEnsemble {
    let inputs: [String]
    let outputs: [String]
    /// In an order that isn't that of running.
    let steps: [EnsemblePlan.WrittenStep]
    let plan: EnsemblePlan

    /// Makes one; each step has a model of its own, `m0`, `m1`, ….
    init(_ random: inout SeededGenerator) {
        inputs = (0..<Int.random(in: 1...3, using: &random)).map { "in\($0)" }
        var there = inputs
        var steps: [EnsemblePlan.WrittenStep] = []
        for index in 0..<Int.random(in: 1...12, using: &random) {
            let needed = (0..<Int.random(in: 1...3, using: &random)).map { _ in there.randomElement(using: &random)! }
            let given = (0..<Int.random(in: 1...2, using: &random)).map { "t\(index)_\($0)" }
            steps.append(
                EnsemblePlan.WrittenStep(
                    model: ModelSelector(name: ModelName("m\(index)")!),
                    inputs: Dictionary(uniqueKeysWithValues: needed.enumerated().map { ("x\($0)", $1) }),
                    outputs: Dictionary(uniqueKeysWithValues: given.enumerated().map { ("y\($0)", $1) })
                )
            )
            there += given
        }
        let produced = there.dropFirst(inputs.count)
        let consumed = Set(steps.flatMap(\.inputs.values))
        var outputs = produced.filter { !consumed.contains($0) || Int.random(in: 0..<4, using: &random) == 0 }
        outputs.shuffle(using: &random)
        steps.shuffle(using: &random)
        self.outputs = outputs
        self.steps = steps
        plan = EnsemblePlan(inputs: inputs, outputs: outputs, steps: steps)!
    }

    /// What comes out when a step gives, for each output, the sum of its inputs and the output's place plus one.
    func values(of given: [String: Float]) -> [String: Float] {
        var values = given
        while values.count < inputs.count + steps.reduce(0, { $0 + $1.outputs.count }) {
            for step in steps where step.inputs.values.allSatisfy({ values[$0] != nil }) {
                let sum = step.inputs.values.reduce(0) { $0 + values[$1]! }
                for (name, tensor) in step.outputs { values[tensor] = sum + RandomEnsemble.offset(name) }
            }
        }
        return values
    }

    /// What an output adds to the sum of the inputs.
    static func offset(_ output: String) -> Float { (Float(output.dropFirst()) ?? 0) + 1 }
}
