internal import ApusCore
internal import ApusProtocol

extension AdmittedOperation {
    /// The model and version that a path of TensorFlow Serving's names.
    ///
    /// - Throws: `invalidArgument` for a name, version or label that can't be.
    func tensorFlowSelector() throws(InferenceError) -> ModelSelector {
        let name = try AdmittedOperation(operation: operation, model: model).selector().name
        if let label {
            guard let known = VersionLabel(label) else { throw .unknownTensorFlowLabel(label) }
            return ModelSelector(name: name, version: .label(known))
        }
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
