internal import ApusCore

extension AdmittedOperation {
    /// The model and version that a path of TensorFlow Serving's names.
    ///
    /// - Throws: `invalidArgument` for a name, version or label that can't be.
    func tensorFlowSelector() throws(InferenceError) -> ModelSelector {
        let name = try AdmittedOperation(operation: operation, model: model).selector().name
        if let label { throw .unknownLabel(label) }
        guard let version else { return ModelSelector(name: name) }
        guard let number = Int64(version) else {
            throw InferenceError(
                .invalidArgument,
                "Failed to convert version: \(version) to numeric.",
                field: "version",
                expected: "a number that fits 64 bits"
            )
        }
        guard let exact = ModelVersion(number) else {
            throw InferenceError(
                .notFound,
                "Servable not found for request: Specific(\(name), \(number))",
                field: "version",
                expected: "a version from 1 on"
            )
        }
        return ModelSelector(name: name, version: .exact(exact))
    }
}

extension InferenceError {
    static func unknownLabel(_ label: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "Unrecognized servable version label: \(label)",
            field: "label",
            expected: "a label of the model",
            got: label
        )
    }

    /// The same failure in TensorFlow Serving's words, where it has some of its own.
    func tensorFlowRefusal(of selector: ModelSelector?) -> InferenceError {
        guard code == .notFound, let selector, !message.hasPrefix("Servable not found") else { return self }
        let request =
            switch selector.version {
            case .latest: "Latest(\(selector.name))"
            case .exact(let version): "Specific(\(selector.name), \(version))"
            }
        return InferenceError(
            .notFound,
            "Servable not found for request: \(request)",
            field: "model",
            got: got,
            hint: hint.isEmpty ? message : "\(message); \(hint)",
            cause: cause
        )
    }
}
