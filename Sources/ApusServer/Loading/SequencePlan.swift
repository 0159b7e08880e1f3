internal import ApusCore
internal import ApusEngine
internal import ApusModels
internal import ApusProtocol
internal import ApusScheduling

/// What a model's `sequence_batching` says: the tensors that the server fills and keeps, and how many sequences there
/// may be.
struct SequencePlan {
    /// The tensors that the server fills and keeps.
    let layout: SequenceLayout
    /// Inputs that clients don't see, with full shapes.
    let inputs: [TensorSpecification]
    /// Outputs that the server keeps, with full shapes.
    let outputs: [TensorSpecification]
    /// How many sequences there may be, and for how long.
    let rules: SequenceRules

    /// Reads a configuration; `nil` when requests stand alone.
    ///
    /// - Parameters:
    ///   - configuration: The model's.
    ///   - instances: Parallel instances.
    ///   - folder: Where initial states lie.
    ///   - place: The configuration's file, for messages.
    /// - Throws: `invalidConfiguration` for the first thing that makes no sense.
    init?(
        _ configuration: ModelConfiguration,
        instances: Int,
        folder: ModelFolder,
        place: String
    ) throws(ModelError) {
        guard let written = configuration.sequenceBatching else { return nil }
        let place = "\(place): sequence_batching"
        guard !configuration.isDecoupled else {
            throw ModelError(
                .invalidConfiguration,
                "\(place) and model_transaction_policy.decoupled don't go together on this server"
            )
        }
        self.rules = SequenceRules(
            slots: try SequencePlan.slots(written, configuration, instances: instances, place: place),
            idle: written.maxIdle.nanoseconds
        )
        let hasBatch = configuration.maxBatchSize > 0
        var controls: [SequenceLayout.Control] = []
        var inputs: [TensorSpecification] = []
        for control in try SequencePlan.controls(written, place: place) {
            inputs.append(
                TensorSpecification(name: control.name, dataType: control.type, shape: hasBatch ? [-1, 1] : [1])
            )
            controls.append(try control.made(hasBatch: hasBatch))
        }
        var states: [SequenceLayout.State] = []
        var outputs: [TensorSpecification] = []
        for state in written.states {
            let made = try InitialState(state, hasBatch: hasBatch, folder: folder, place: place)
            inputs.append(made.specification(named: state.inputName))
            outputs.append(made.specification(named: state.outputName))
            states.append(.init(input: state.inputName, output: state.outputName, initial: made.tensor))
        }
        self.layout = SequenceLayout(controls: controls, states: states)
        self.inputs = inputs
        self.outputs = outputs
        try SequencePlan.checkNames(inputs, written: configuration.inputs.map(\.name), kind: "input", place: place)
        try SequencePlan.checkNames(outputs, written: [], kind: "output", place: place)
    }

    /// The same with what the model remembers by itself.
    ///
    /// - Throws: `invalidConfiguration` when it can't be used without sequences.
    static func completed(
        _ plan: SequencePlan?,
        by signature: ModelSignature,
        place: String
    ) throws(ModelError) -> SequencePlan? {
        guard !signature.states.isEmpty else { return plan }
        guard let plan else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): the model remembers something from request to request; write sequence_batching { }"
            )
        }
        let states = signature.states.map {
            SequenceLayout.State(input: $0.input, output: $0.output, initial: $0.initial)
        }
        return SequencePlan(
            layout: SequenceLayout(controls: plan.layout.controls, states: plan.layout.states + states),
            inputs: plan.inputs + signature.inputs.filter { input in states.contains { $0.input == input.name } },
            outputs: plan.outputs + signature.outputs.filter { output in states.contains { $0.output == output.name } },
            rules: plan.rules
        )
    }

    private init(
        layout: SequenceLayout,
        inputs: [TensorSpecification],
        outputs: [TensorSpecification],
        rules: SequenceRules
    ) {
        self.layout = layout
        self.inputs = inputs
        self.outputs = outputs
        self.rules = rules
    }

    private static func slots(
        _ written: ModelConfiguration.SequenceBatching,
        _ configuration: ModelConfiguration,
        instances: Int,
        place: String
    ) throws(ModelError) -> Int {
        let each: Int
        switch written.strategy {
        case .direct: each = max(1, configuration.maxBatchSize)
        case .oldest(let oldest):
            each = oldest.maxCandidateSequences
            guard each > 0 else {
                throw ModelError(
                    .invalidConfiguration,
                    "\(place).oldest.max_candidate_sequences is \(each); write how many sequences may run at a time, "
                        + "1 or more"
                )
            }
        }
        let (slots, overflow) = each.multipliedReportingOverflow(by: max(1, instances))
        return overflow ? .max : slots
    }

    private static func checkNames(
        _ tensors: [TensorSpecification],
        written: [String],
        kind: String,
        place: String
    ) throws(ModelError) {
        var seen: Set<String> = []
        for name in tensors.map(\.name) {
            guard !name.isEmpty else {
                throw ModelError(.invalidConfiguration, "\(place): a control or state has no \(kind) name")
            }
            guard seen.insert(name).inserted else {
                throw ModelError(.invalidConfiguration, "\(place): the \(kind) '\(name)' is named twice")
            }
            guard !written.contains(name) else {
                throw ModelError(
                    .invalidConfiguration,
                    "\(place): '\(name)' is filled by the server, so it can't be an \(kind) of requests too; "
                        + "remove it from '\(kind)'"
                )
            }
        }
    }
}

extension SequencePlan {
    /// A control, before its tensors are made.
    private struct Control {
        let name: String
        let type: DataType
        let written: ModelConfiguration.SequenceBatching.Control

        func made(hasBatch: Bool) throws(ModelError) -> SequenceLayout.Control {
            guard let shape = TensorShape(hasBatch ? [1, 1] : [1]) else { throw InitialState.noMemory }
            var tensors: [Tensor] = []
            for value in written.values {
                guard let storage = TensorStorage(copying: value) else { throw InitialState.noMemory }
                tensors.append(Tensor(dataType: type, shape: shape, storage: storage))
            }
            guard tensors.count == 2 else { return .init(name: name, meaning: .correlationID(type, shape)) }
            switch written.kind {
            case "CONTROL_SEQUENCE_START": return .init(name: name, meaning: .start(no: tensors[0], yes: tensors[1]))
            case "CONTROL_SEQUENCE_END": return .init(name: name, meaning: .end(no: tensors[0], yes: tensors[1]))
            default: return .init(name: name, meaning: .ready(tensors[1]))
            }
        }
    }

    private static func controls(
        _ written: ModelConfiguration.SequenceBatching,
        place: String
    ) throws(ModelError) -> [Control] {
        var controls: [Control] = []
        for input in written.controlInputs {
            guard input.controls.count == 1, let control = input.controls.first else {
                throw ModelError(
                    .invalidConfiguration,
                    "\(place): the control_input '\(input.name)' has \(input.controls.count) controls; write one"
                )
            }
            guard !controls.contains(where: { $0.written.kind == control.kind }) else {
                throw ModelError(.invalidConfiguration, "\(place): \(control.kind) is there twice")
            }
            guard let type = DataType(rawValue: control.dataType.v2Name) else {
                throw ModelError(.invalidConfiguration, "\(place): \(control.kind) has no usable data_type")
            }
            controls.append(Control(name: input.name, type: type, written: control))
        }
        return controls
    }
}
