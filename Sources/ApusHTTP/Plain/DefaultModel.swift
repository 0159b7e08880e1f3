internal import ApusCore

/// Finds the model that a request means which names none.
struct DefaultModel: Sendable {
    private let name: ModelName?
    private let repository: any RepositoryControl

    /// Finds models in a server.
    init(_ configuration: HTTPEdgeConfiguration) {
        self.name = configuration.defaultModel
        self.repository = configuration.repository
    }

    /// The configured model; without one the only model there is.
    ///
    /// - Throws: `invalidArgument` when there are several, `notFound` when there is none.
    func find() throws(InferenceError) -> ModelName {
        if let name { return name }
        let index = repository.index()
        // A single model that can't be served is meant too: asking for it tells why.
        for entries in [index.filter { $0.state == .ready }, index] {
            let names = Set(entries.map(\.name))
            if names.count == 1, let name = names.first.flatMap({ ModelName($0) }) { return name }
            guard names.isEmpty else { throw DefaultModel.ambiguity(names.sorted()) }
        }
        throw InferenceError(
            .notFound,
            "the server has no model",
            field: "model",
            hint: "put one into the repository: NAME/1/model.onnx"
        )
    }

    private static func ambiguity(_ names: [String]) -> InferenceError {
        let some = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
        return InferenceError(
            .invalidArgument,
            "which model? /predict alone asks the only one, and this server has \(names.count): \(some)",
            field: "model",
            expected: "/predict/MODEL",
            got: "/predict",
            hint: "name one, for example /predict/\(names[0]), or configure default_model"
        )
    }
}
