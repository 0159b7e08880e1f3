internal import ApusCore

extension AdmittedOperation {
    /// The model that the path names, checked.
    ///
    /// - Throws: `invalidArgument` for a name that no model can have, `notFound` for a version that no model can have.
    func selector() throws(InferenceError) -> ModelSelector {
        guard let name = modelName else { throw .illegalModelName(field: "model") }
        guard let version else { return ModelSelector(name: name) }
        guard let chosen = ModelSelector.Version(parsing: version) else {
            throw InferenceError(
                .notFound,
                "Request for unknown model: '\(name)' version \(version) is not found",
                field: "version",
                expected: "a positive integer without a leading zero, or a label of the model",
                got: version
            )
        }
        return ModelSelector(name: name, version: chosen)
    }
}
