/// The flow of tensors through an ensemble, from the names alone.
struct EnsembleGraph {
    /// A name and where it stands.
    struct Use {
        /// The name of a tensor of the ensemble, or of a model where a step is meant.
        let tensor: String

        /// Where it stands.
        let position: TextPosition?
    }

    /// One model and the tensors it needs and gives.
    private struct Step {
        /// The model, and where the step begins.
        let model: Use

        /// The tensors it needs.
        let consumed: [Use]

        /// The tensors it gives.
        let produced: [Use]
    }

    /// What the ensemble is given.
    private let inputs: [Use]

    /// What the ensemble answers.
    private let outputs: [Use]

    /// What happens between.
    private let steps: [Step]

    /// Reads the names out of a configuration.
    init(configuration: ModelConfiguration) {
        let message = configuration.message
        inputs = Self.names(of: message, "input")
        outputs = Self.names(of: message, "output")
        let elements = message.message("ensemble_scheduling")?.field("step")?.elements ?? []
        steps = elements.compactMap { element in
            guard case .message(let step) = element.value else { return nil }
            return Step(
                model: Use(tensor: step.string("model_name"), position: element.position),
                consumed: Self.mapped(step, "input_map"),
                produced: Self.mapped(step, "output_map")
            )
        }
    }

    /// Tensors that two steps produce, or that a step produces although the caller gives them.
    var repeatedProductions: [Use] {
        var known = Set(inputs.map(\.tensor))
        return steps.flatMap(\.produced).filter { !known.insert($0.tensor).inserted }
    }

    /// Tensors that a step needs and nobody produces.
    var unproducedConsumptions: [Use] {
        let produced = producedNames
        return steps.flatMap(\.consumed).filter { !produced.contains($0.tensor) }
    }

    /// Ensemble inputs that no step needs.
    var unusedInputs: [Use] {
        let consumed = consumedNames
        return inputs.filter { !consumed.contains($0.tensor) }
    }

    /// Ensemble outputs that nobody produces.
    var unproducedOutputs: [Use] {
        let produced = producedNames
        return outputs.filter { !produced.contains($0.tensor) }
    }

    /// Tensors that a step produces and nobody needs.
    var unusedProductions: [Use] {
        let wanted = consumedNames.union(outputs.map(\.tensor))
        return steps.flatMap(\.produced).filter { !wanted.contains($0.tensor) }
    }

    /// The steps that wait for each other; tensors nobody produces are reported elsewhere and count as there.
    var stuckSteps: [Use] {
        stuckStepIndices.map { steps[$0].model }
    }

    private var stuckStepIndices: [Int] {
        let produced = Set(steps.flatMap(\.produced).map(\.tensor)).subtracting(inputs.map(\.tensor))
        var missing = steps.map { Set($0.consumed.map(\.tensor)).intersection(produced) }
        var waiting: [String: [Int]] = [:]
        for (index, tensors) in missing.enumerated() {
            for tensor in tensors {
                waiting[tensor, default: []].append(index)
            }
        }
        // Each step is run once and each tensor delivered once, so this is linear in the size of the file.
        var ready = missing.indices.filter { missing[$0].isEmpty }
        var done = Set(ready)
        while let index = ready.popLast() {
            for tensor in steps[index].produced.map(\.tensor) {
                for waiter in waiting.removeValue(forKey: tensor) ?? [] {
                    missing[waiter].remove(tensor)
                    if missing[waiter].isEmpty, done.insert(waiter).inserted {
                        ready.append(waiter)
                    }
                }
            }
        }
        return steps.indices.filter { !done.contains($0) }
    }

    /// A way round from a step back to itself, as the steps' models with the first one at both ends; empty when none is.
    var circle: [String] {
        var producers: [String: Int] = [:]
        for (index, step) in steps.enumerated() {
            for use in step.produced where producers[use.tensor] == nil { producers[use.tensor] = index }
        }
        for input in inputs { producers[input.tensor] = nil }
        // From a stuck step backwards there is always another one, until one comes again.
        let stuck = Set(stuckStepIndices)
        guard var current = stuck.min() else { return [] }
        var places: [Int: Int] = [:]
        var way: [Int] = []
        while places[current] == nil {
            places[current] = way.count
            way.append(current)
            let before = steps[current].consumed.lazy.compactMap { producers[$0.tensor] }.first { stuck.contains($0) }
            guard let before else { return [] }
            current = before
        }
        let circle = Array(way[(places[current] ?? 0)...].reversed())
        let first = circle.indices.min { circle[$0] < circle[$1] } ?? 0
        return (circle[first...] + circle[...first]).map { steps[$0].model.tensor }
    }

    /// All tensors that are there at some time.
    private var producedNames: Set<String> {
        Set(inputs.map(\.tensor)).union(steps.flatMap(\.produced).map(\.tensor))
    }

    /// All tensors that some step needs.
    private var consumedNames: Set<String> {
        Set(steps.flatMap(\.consumed).map(\.tensor))
    }

    /// The names of the ensemble's own inputs or outputs.
    private static func names(of message: ModelConfigurationMessage, _ field: String) -> [Use] {
        (message.field(field)?.elements ?? []).compactMap { element in
            guard case .message(let tensor) = element.value else { return nil }
            return Use(tensor: tensor.string("name"), position: tensor.position(of: "name") ?? element.position)
        }
    }

    /// The ensemble's tensors that a step maps to.
    private static func mapped(_ step: ModelConfigurationMessage, _ field: String) -> [Use] {
        (step.field(field)?.elements ?? []).compactMap { element in
            guard case .string(let tensor) = element.value else { return nil }
            return Use(tensor: tensor, position: element.position)
        }
    }
}
