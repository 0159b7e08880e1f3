package import ApusCore

/// The flow of tensors through an ensemble that is known to come to an end: every tensor is produced once, before it is
/// needed.
package struct EnsemblePlan: Sendable {
    /// A step as a configuration has it.
    package struct WrittenStep: Sendable {
        /// The model to ask.
        package let model: ModelSelector
        /// From the model's inputs to tensors of the ensemble.
        package let inputs: [String: String]
        /// From the model's outputs to tensors of the ensemble.
        package let outputs: [String: String]

        /// Describes a step.
        package init(model: ModelSelector, inputs: [String: String], outputs: [String: String]) {
            self.model = model
            self.inputs = inputs
            self.outputs = outputs
        }
    }

    /// One input or output of a model and the tensor that is connected to it.
    struct Port: Sendable, Hashable {
        /// The model's name for it.
        let name: String
        /// The tensor's number.
        let tensor: Int
    }

    /// One request to a model.
    struct Step: Sendable {
        /// The place of its model in `members`.
        let member: Int
        /// What it is called in messages, counted from 1.
        let title: String
        /// What it needs, by the model's names.
        let inputs: [Port]
        /// What it gives, by the model's names.
        let outputs: [Port]
        /// Tensors that it needs, each once.
        let consumed: [Int]
    }

    /// The models, each once, so that steps with the same model get the same version of it.
    package let members: [ModelSelector]
    /// The steps in the order of the configuration.
    let steps: [Step]
    /// The number of each of the ensemble's inputs.
    let inputs: [Int]
    /// The number of each of the ensemble's outputs.
    let outputs: [Int]
    /// How many tensors there are.
    let tensorCount: Int
    /// For each tensor the step that gives it; `nil` for the ensemble's inputs.
    let producers: [Int?]
    /// For each tensor the steps that need it.
    let consumers: [[Int]]

    /// Connects steps by the names of tensors.
    ///
    /// `nil` when a tensor is produced twice or never, or steps wait for each other; who wants to know which asks the
    /// configuration's validation.
    ///
    /// - Parameters:
    ///   - inputs: The ensemble's inputs, in its order.
    ///   - outputs: The ensemble's outputs, in its order.
    ///   - written: The steps.
    package init?(inputs: [String], outputs: [String], steps written: [WrittenStep]) {
        var names = TensorNames()
        self.inputs = inputs.map { names.number(of: $0) }
        var members: [ModelSelector] = []
        var steps: [Step] = []
        for (index, step) in written.enumerated() {
            let member = members.firstIndex(of: step.model) ?? members.endIndex
            if member == members.endIndex { members.append(step.model) }
            let needed = names.ports(step.inputs)
            steps.append(
                Step(
                    member: member,
                    title: "step \(index + 1) '\(step.model.name)'",
                    inputs: needed,
                    outputs: names.ports(step.outputs),
                    consumed: Set(needed.map(\.tensor)).sorted()
                )
            )
        }
        self.outputs = outputs.map { names.number(of: $0) }
        self.members = members
        self.steps = steps
        self.tensorCount = names.count
        self.consumers = EnsemblePlan.consumers(of: names.count, steps)
        guard let producers = EnsemblePlan.producers(of: names.count, steps, inputs: self.inputs) else { return nil }
        self.producers = producers
        guard comesToAnEnd else { return nil }
    }

    /// For each tensor the step that gives it; `nil` when one is produced twice, or never.
    private static func producers(of count: Int, _ steps: [Step], inputs: [Int]) -> [Int?]? {
        var producers = [Int?](repeating: nil, count: count)
        var known = Set(inputs)
        for index in steps.indices {
            for port in steps[index].outputs {
                guard known.insert(port.tensor).inserted else { return nil }
                producers[port.tensor] = index
            }
        }
        return known.count == count ? producers : nil
    }

    private static func consumers(of count: Int, _ steps: [Step]) -> [[Int]] {
        var consumers = [[Int]](repeating: [], count: count)
        for index in steps.indices {
            for tensor in steps[index].consumed { consumers[tensor].append(index) }
        }
        return consumers
    }

    /// Which steps have to run for some of the ensemble's outputs.
    ///
    /// - Parameter wanted: Indices of outputs.
    /// - Returns: For each step whether it has to.
    func needed(for wanted: [Int]) -> [Bool] {
        var needed = [Bool](repeating: false, count: steps.count)
        var waiting = wanted.compactMap { producers[outputs[$0]] }
        while let step = waiting.popLast() {
            guard !needed[step] else { continue }
            needed[step] = true
            waiting += steps[step].consumed.compactMap { producers[$0] }
        }
        return needed
    }

    /// Whether no step waits for itself.
    private var comesToAnEnd: Bool {
        var machine = EnsembleStateMachine(self, outputs: Array(outputs.indices), runsAll: true)
        while true {
            switch machine.next() {
            case .start(let step, _): machine.stepSucceeded(step)
            case .finished: return true
            case .nothing: return false
            }
        }
    }
}

/// Numbers tensors by their names.
private struct TensorNames {
    private var numbers: [String: Int] = [:]

    var count: Int { numbers.count }

    mutating func number(of name: String) -> Int {
        if let number = numbers[name] { return number }
        numbers[name] = numbers.count
        return numbers.count - 1
    }

    /// Connections in the order of the model's names.
    mutating func ports(_ map: [String: String]) -> [EnsemblePlan.Port] {
        map.sorted { $0.key < $1.key }.map { EnsemblePlan.Port(name: $0.key, tensor: number(of: $0.value)) }
    }
}
