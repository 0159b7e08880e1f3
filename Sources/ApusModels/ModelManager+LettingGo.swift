internal import ApusCore

/// What becomes of models that came to nothing, or that nobody wants any more.
extension ModelManager.Contents {
    /// Lets go of the files of models of which nothing is in memory or on its way there, and forgets those that nobody
    /// wants and that the repository doesn't have: names come from requests, so there may be any number of them.
    mutating func letGo(of names: [ModelName]) {
        for name in names { letGo(of: name) }
    }

    /// The same for one model.
    ///
    /// - Parameters:
    ///   - name: The model.
    ///   - isOver: Whether it is forgotten even when it is wanted.
    mutating func letGo(of name: ModelName, evenIfWanted isOver: Bool = false) {
        if let model = machine.models[name] {
            guard !model.isBusy, !model.isOccupied else { return }
            if let catalogue, !catalogue.contains(name), isOver || !model.isWanted { machine.forget(name) }
        }
        // Whoever wants it again brings or finds its files anew.
        folders[name] = nil
        planned[name] = nil
    }

    /// Why a model that was to be loaded doesn't serve; `nil` when it does.
    ///
    /// A model that came with the request and can't be served is forgotten: its caller learns why, and nobody else asked.
    mutating func failure(ofLoading name: ModelName) -> InferenceError? {
        guard let failure = failureOfLoad(name) else { return nil }
        letGo(of: name, evenIfWanted: true)
        return failure
    }

    private func failureOfLoad(_ name: ModelName) -> InferenceError? {
        let words = "load failed for model '\(name)'"
        guard let model = machine.models[name], model.isListed else {
            return InferenceError(.unavailable, "\(words): it was unloaded meanwhile", field: "model")
        }
        let faults = model.faults
        if let first = faults.first {
            let reasons = faults.map { fault in
                fault.version.map { "version \($0) is at UNAVAILABLE state: \(fault.error.message)" }
                    ?? fault.error.message
            }
            return InferenceError(
                .invalidArgument,
                "\(words): \(reasons.joined(separator: "; "))",
                field: "model",
                cause: first.error
            )
        }
        if model.isServed { return nil }
        guard model.isBusy else {
            let reason = "its version policy asks for no version that is there"
            return InferenceError(.invalidArgument, "\(words): \(reason)", field: "model")
        }
        return InferenceError(.unavailable, "\(words): it isn't live yet", field: "model")
    }
}

extension RepositoryListing {
    /// Whether there is something of this name, a model or what can't be one.
    func contains(_ name: ModelName) -> Bool {
        models.contains { $0.name == name } || unavailable.contains { $0.name == name.description }
    }
}
