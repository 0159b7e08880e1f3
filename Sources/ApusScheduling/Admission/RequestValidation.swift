package import ApusCore

/// A request that fits its model: inputs in the model's order, outputs by index.
package struct ValidatedCall: Sendable {
    /// One place for each input of the model; `nil` for an optional one left out.
    package let inputs: [Tensor?]
    /// Indices of the outputs wanted, ascending.
    package let outputs: [Int]
    /// Items in the request: its first dimension where the user wrote `max_batch_size`, else 1.
    package let batchSize: Int
    /// What is cut off the outputs, because inputs have been filled up.
    package var cuts: [AxisCut] = []
}

/// Compares requests with a model, in Triton's words where clients match on them.
package struct RequestValidation: Sendable {
    private let model: ModelDescription
    private let name: String
    private let allOutputs: [Int]
    private let requiredInputs: Int

    /// Prepares the comparison with one model.
    package init(model: ModelDescription) {
        self.model = model
        self.name = model.id.name.description
        self.allOutputs = Array(model.outputs.indices)
        self.requiredInputs = model.inputs.count { !$0.isOptional }
    }

    /// Checks a request's tensors and the outputs that it names.
    ///
    /// - Throws: `invalidArgument` for the first thing that doesn't fit.
    package func validate(inputs: [NamedTensor], outputs: [String]) throws(InferenceError) -> ValidatedCall {
        var ordered = [Tensor?](repeating: nil, count: model.inputs.count)
        for given in inputs.indices {
            guard let index = model.inputs.indices.first(where: { model.inputs[$0].name == inputs[given].name }) else {
                throw unexpectedInput(inputs[given].name)
            }
            guard ordered[index] == nil else {
                throw InferenceError(
                    .invalidArgument,
                    "input '\(inputs[given].name)' already exists in request",
                    field: inputs[given].name
                )
            }
            try check(inputs[given].tensor, against: model.inputs[index])
            ordered[index] = inputs[given].tensor
        }
        for index in model.inputs.indices where ordered[index] == nil && !model.inputs[index].isOptional {
            throw missingInputs(given: inputs)
        }
        return ValidatedCall(
            inputs: ordered,
            outputs: try indices(of: outputs),
            batchSize: try batchSize(of: ordered)
        )
    }

    private func check(_ tensor: Tensor, against specification: TensorSpecification) throws(InferenceError) {
        guard tensor.dataType == specification.dataType else {
            throw InferenceError(
                .invalidArgument,
                "inference input '\(specification.name)' data-type is '\(tensor.dataType.rawValue)', "
                    + "but model '\(name)' expects '\(specification.dataType.rawValue)'",
                field: specification.name,
                expected: specification.dataType.rawValue,
                got: tensor.dataType.rawValue
            )
        }
        guard tensor.shape.matches(specification.shape) else {
            let expected = "[\(specification.shape.map(String.init).joined(separator: ","))]"
            let note =
                model.maxBatchSize > 0
                ? " NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be "
                    + "prepended to each input shape."
                : ""
            throw InferenceError(
                .invalidArgument,
                "unexpected shape for input '\(specification.name)' for model '\(name)'. "
                    + "Expected \(expected), got \(tensor.shape).\(note)",
                field: specification.name,
                expected: expected,
                got: tensor.shape.description,
                hint: tensor.shape.rank == specification.shape.count
                    ? "-1 stands for any size"
                    : "-1 stands for any size; send \(specification.shape.count) dimensions, one row as 1 in the first"
            )
        }
    }

    private func batchSize(of inputs: [Tensor?]) throws(InferenceError) -> Int {
        guard model.maxBatchSize > 0 else { return 1 }
        var batchSize: Int?
        for index in inputs.indices {
            guard let size = inputs[index]?.shape.first else { continue }
            guard batchSize == nil || batchSize == size else {
                throw InferenceError(
                    .invalidArgument,
                    "input '\(model.inputs[index].name)' batch size does not match other inputs for '\(name)'",
                    field: model.inputs[index].name,
                    expected: batchSize.map(String.init) ?? "",
                    got: String(size)
                )
            }
            batchSize = size
        }
        guard let batchSize, batchSize > model.maxBatchSize else { return batchSize ?? 1 }
        throw InferenceError(
            .invalidArgument,
            "inference request batch-size must be <= \(model.maxBatchSize) for '\(name)'",
            field: "inputs",
            expected: "at most \(model.maxBatchSize) rows",
            got: "\(batchSize) rows",
            hint: "send smaller requests, or raise max_batch_size in the model's configuration"
        )
    }

    private func indices(of names: [String]) throws(InferenceError) -> [Int] {
        guard !names.isEmpty else { return allOutputs }
        var indices: [Int] = []
        for output in names {
            guard let index = model.outputs.firstIndex(where: { $0.name == output }) else {
                throw unexpectedOutput(output)
            }
            if !indices.contains(index) { indices.append(index) }
        }
        return indices.sorted()
    }
}

extension RequestValidation {
    private func unexpectedInput(_ input: String) -> InferenceError {
        let allowed = model.inputs.map(\.name).joined(separator: ", ")
        return InferenceError(
            .invalidArgument,
            "unexpected inference input '\(input)', allowed inputs are: \(allowed)",
            field: input,
            expected: allowed,
            got: input,
            hint: model.inputs.lazy.map(\.name).nearest(to: input).map { "did you mean '\($0)'?" } ?? ""
        )
    }

    private func unexpectedOutput(_ output: String) -> InferenceError {
        if let unserved = model.unservedOutputs.first(where: { $0.name == output }) {
            return InferenceError(
                .invalidArgument,
                "inference output '\(output)' can't be served: \(unserved.reason)",
                field: output
            )
        }
        let allowed = model.outputs.map(\.name).joined(separator: ", ")
        return InferenceError(
            .invalidArgument,
            "unexpected inference output '\(output)', allowed outputs are: \(allowed)",
            field: output,
            expected: allowed,
            got: output
        )
    }

    private func missingInputs(given: [NamedTensor]) -> InferenceError {
        let names = given.map(\.name)
        let missing = model.inputs.filter { !$0.isOptional && !names.contains($0.name) }.map { "'\($0.name)'" }
        return InferenceError(
            .invalidArgument,
            "expected \(requiredInputs) inputs but got \(given.count) inputs for model '\(name)'. "
                + "Got input(s) [\(names.map { "'\($0)'" }.joined(separator: ","))], "
                + "but missing required input(s) [\(missing.joined(separator: ","))]. "
                + "Please provide all required input(s).",
            field: "inputs",
            expected: "\(requiredInputs) inputs",
            got: "\(given.count) inputs",
            hint: given.isEmpty
                ? "a v2 request is {\"inputs\": [{\"name\", \"shape\", \"datatype\", \"data\"}]}; \"instances\" is version 1's"
                : ""
        )
    }
}

extension TensorShape {
    /// Whether it is what a model declares, where -1 stands for any size.
    fileprivate func matches(_ declared: [Int]) -> Bool {
        guard rank == declared.count else { return false }
        for index in declared.indices where declared[index] != -1 && declared[index] != self[index] {
            return false
        }
        return true
    }
}
