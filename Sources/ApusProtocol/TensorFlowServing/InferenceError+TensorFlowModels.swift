package import ApusCore

extension InferenceError {
    /// The refusal of a label that the model hasn't.
    package static func unknownTensorFlowLabel(_ label: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "Unrecognized servable version label: \(label)",
            field: "label",
            expected: "a label of the model",
            got: label
        )
    }

    /// The same failure in TensorFlow Serving's words, where it has some of its own.
    ///
    /// - Parameter selector: The model asked for; `nil` when the request names none that there can be.
    /// - Returns: Another error for a model, version or label that isn't there; itself otherwise.
    package func tensorFlowRefusal(of selector: ModelSelector?) -> InferenceError {
        guard code == .notFound, let selector, !message.hasPrefix("Servable not found") else { return self }
        let words: String
        switch selector.version {
        case .latest: words = "Latest(\(selector.name))"
        case .exact(let version): words = "Specific(\(selector.name), \(version))"
        case .label(let label): return InferenceError.unknownTensorFlowLabel(label.description)
        }
        return InferenceError(
            .notFound,
            "Servable not found for request: \(words)",
            field: "model",
            got: got,
            hint: hint.isEmpty ? message : "\(message); \(hint)",
            cause: cause
        )
    }
}

extension RepositoryControl {
    /// The lines of the repository's index that a question for a model's status is about, ascending.
    ///
    /// - Parameters:
    ///   - selector: The model, and which of its versions.
    ///   - service: Finds the version that a label names.
    /// - Returns: At least one; lines without a version say what keeps the model from having one.
    /// - Throws: `notFound` for an unknown model or version, `invalidArgument` for an unknown label.
    package func tensorFlowStatus(
        of selector: ModelSelector,
        service: any InferenceService
    ) throws(InferenceError) -> [RepositoryIndexEntry] {
        let name = selector.name
        let entries = index().filter { $0.name == name.description }
        guard !entries.isEmpty else {
            throw InferenceError(.notFound, "Could not find any versions of model \(name)", field: "model")
        }
        let wanted: ModelVersion
        switch selector.version {
        case .latest: return entries
        case .exact(let version): wanted = version
        case .label(let label):
            do throws(InferenceError) {
                wanted = try service.lease(selector).model.description.id.version
            } catch {
                throw .unknownTensorFlowLabel(label.description)
            }
        }
        let version = entries.filter { $0.version == wanted }
        guard !version.isEmpty else {
            throw InferenceError(.notFound, "Could not find version \(wanted) of model \(name)", field: "version")
        }
        return version
    }
}
