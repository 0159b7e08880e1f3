internal import ApusCore
internal import ApusScheduling

/// Compares what `apus.yaml` says of filling up (`scheduling.allowed_batch_sizes`, `scheduling.pad`) with the model.
struct PaddingPlan: Sendable, Equatable {
    /// The inputs that are filled up.
    let entries: [LengthPadding]

    /// Looks the entries' tensors up.
    ///
    /// - Parameters:
    ///   - settings: What is written.
    ///   - description: What clients see of the model.
    ///   - scheduled: What the scheduler sees of it: controls and states of sequences besides.
    ///   - place: `apus.yaml` with its folder, for messages.
    /// - Throws: `invalidConfiguration` for tensors that there aren't, dimensions of a fixed size, and types without one.
    init(
        _ settings: ModelSettings.Scheduling,
        description: ModelDescription,
        scheduled: ModelDescription,
        place: String
    ) throws(ModelError) {
        let place = "\(place): scheduling"
        try PaddingPlan.checkRows(settings, of: description, place: place)
        var entries: [LengthPadding] = []
        for (number, written) in settings.pad.enumerated() {
            let place = "\(place).pad[\(number)]"
            let entry = try PaddingPlan.entry(written, description: description, scheduled: scheduled, place: place)
            guard !entries.contains(where: { $0.input == entry.input && $0.axis == entry.axis }) else {
                throw PaddingPlan.refusal(
                    "\(place) fills dimension \(written.axis) of '\(written.input)' a second time"
                )
            }
            let cut = entries.flatMap(\.outputs)
            if let twice = entry.outputs.first(where: cut.contains) {
                throw PaddingPlan.refusal(
                    "\(place).outputs names dimension \(twice.axis) of '\(scheduled.outputs[twice.output].name)', which an "
                        + "entry before it names already; write it with one input only"
                )
            }
            entries.append(entry)
        }
        self.entries = entries
    }

    private static func entry(
        _ written: ModelSettings.Scheduling.Pad,
        description: ModelDescription,
        scheduled: ModelDescription,
        place: String
    ) throws(ModelError) -> LengthPadding {
        let input = try tensor(written.input, in: description.inputs, kind: "input", place: place)
        try check(written.axis, of: input, kind: "input", place: "\(place).axis")
        var outputs: [LengthPadding.Following] = []
        for (name, axis) in written.outputs.sorted(by: { $0.key < $1.key }) {
            let output = try tensor(name, in: description.outputs, kind: "output", place: place)
            try check(axis, of: output, kind: "output", place: "\(place).outputs")
            let index = try self.index(of: name, in: scheduled.outputs, place: place)
            outputs.append(LengthPadding.Following(output: index, axis: axis))
        }
        return LengthPadding(
            input: try index(of: written.input, in: scheduled.inputs, place: place),
            axis: written.axis,
            sizes: written.sizes,
            element: try element(written.value, of: input, place: "\(place).value"),
            outputs: outputs
        )
    }

    /// Where a tensor that clients see stands among those that the scheduler sees.
    private static func index(
        of name: String,
        in tensors: [TensorSpecification],
        place: String
    ) throws(ModelError) -> Int {
        guard let index = tensors.firstIndex(where: { $0.name == name }) else {
            throw refusal("\(place): '\(name)' is filled by the server; only what clients send and get can be named")
        }
        return index
    }

    /// Refuses what has no meaning for a model that runs nothing itself.
    static func refuseForEnsemble(_ settings: ModelSettings.Scheduling, place: String) throws(ModelError) {
        guard settings.allowedBatchSizes.isEmpty, settings.pad.isEmpty else {
            throw refusal(
                "\(place): scheduling.allowed_batch_sizes and scheduling.pad mean nothing for an ensemble, which runs "
                    + "nothing itself; write them in the apus.yaml of its models"
            )
        }
    }

    private static func checkRows(
        _ settings: ModelSettings.Scheduling,
        of description: ModelDescription,
        place: String
    ) throws(ModelError) {
        guard !settings.allowedBatchSizes.isEmpty || !settings.pad.isEmpty else { return }
        guard !description.isDecoupled else {
            throw refusal(
                "\(place).allowed_batch_sizes and \(place).pad can't be used with a model that gives any number of "
                    + "answers to a request; leave them out"
            )
        }
        guard !settings.allowedBatchSizes.isEmpty else { return }
        for tensor in description.inputs + description.outputs where tensor.shape.first != -1 {
            throw refusal(
                "\(place).allowed_batch_sizes fills up the first dimension, which is fixed in '\(tensor.name)' "
                    + "(\(text(tensor.shape))); export the model with a first dimension of any size, or leave the "
                    + "sizes out"
            )
        }
    }

    private static func tensor(
        _ name: String,
        in tensors: [TensorSpecification],
        kind: String,
        place: String
    ) throws(ModelError) -> TensorSpecification {
        guard let tensor = tensors.first(where: { $0.name == name }) else {
            let hint = tensors.lazy.map(\.name).nearest(to: name).map { "did you mean '\($0)'?" }
            let known = "it has \(tensors.map { "'\($0.name)'" }.joined(separator: ", "))"
            throw refusal("\(place): the model has no \(kind) '\(name)'; \(hint ?? known)")
        }
        guard tensor.dataType != .bytes else {
            throw refusal(
                "\(place): \(kind) '\(name)' is BYTES, whose elements have no fixed size; numbers and BOOL can be "
                    + "filled up and cut"
            )
        }
        return tensor
    }

    private static func check(
        _ axis: Int,
        of tensor: TensorSpecification,
        kind: String,
        place: String
    ) throws(ModelError) {
        guard tensor.shape.indices.contains(axis), axis > 0 else {
            throw refusal(
                "\(place): \(kind) '\(tensor.name)' has the shape \(text(tensor.shape)), so there is no dimension "
                    + "\(axis) to fill; dimensions are counted from 0, and 0 are the rows"
            )
        }
        guard tensor.shape[axis] == -1 else {
            throw refusal(
                "\(place): dimension \(axis) of \(kind) '\(tensor.name)' is \(tensor.shape[axis]) "
                    + "(\(text(tensor.shape))); only one of any size (-1) can be filled up or cut"
            )
        }
    }

    private static func element(
        _ value: String,
        of input: TensorSpecification,
        place: String
    ) throws(ModelError) -> [UInt8] {
        guard let bytes = PaddingElement.bytes(of: value, as: input.dataType) else {
            throw refusal("\(place): '\(value)' is no \(input.dataType.rawValue), which input '\(input.name)' is")
        }
        return bytes
    }

    private static func refusal(_ words: String) -> ModelError { ModelError(.invalidConfiguration, words) }

    private static func text(_ shape: [Int]) -> String { "[\(shape.map(String.init).joined(separator: ","))]" }
}
