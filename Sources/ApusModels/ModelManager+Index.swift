package import ApusCore
internal import Synchronization

extension ModelManager {
    /// All models and versions with state and reason, sorted by name and version.
    package func index() -> [RepositoryIndexEntry] {
        let (models, unavailable, catalogue) = contents.withLock {
            ($0.machine.models, $0.machine.unavailable, $0.catalogue)
        }
        var entries = unavailable.map {
            RepositoryIndexEntry(name: $0.name, version: nil, state: .unavailable, reason: $0.error.message)
        }
        for (name, model) in models { entries += model.indexEntries(of: name) }
        entries += catalogue?.entriesOfAbsent(besides: Set(entries.map(\.name))) ?? []
        return entries.sorted { left, right in
            left.name != right.name
                ? left.name < right.name
                : (left.version?.number ?? 0) < (right.version?.number ?? 0)
        }
    }

    /// Why versions that should be live aren't, as they are in the repository now, sorted by name and version.
    package func faults() -> [ModelFault] {
        let models = contents.withLock { $0.machine.models }
        var faults: [ModelFault] = []
        for name in models.keys.sorted() {
            let found = models[name]?.faults ?? []
            faults += found.map { ModelFault(name: name, version: $0.version, error: $0.error) }
        }
        return faults
    }

    /// Whether the index has a model.
    package func contains(_ name: ModelName) -> Bool {
        contents.withLock { contents in
            contents.machine.models[name] != nil || contents.catalogue?.contains(name) == true
                || contents.machine.unavailable.contains { $0.name == name.description }
        }
    }

    /// Says why there's no lease, in Triton's words, with what may help.
    func refusal(of selector: ModelSelector) -> InferenceError {
        let name = selector.name
        let (models, unavailable) = contents.withLock { ($0.machine.models, $0.machine.unavailable) }
        let model = models[name]
        let folderFault = unavailable.first { $0.name == name.description }?.error
        let words = "Request for unknown model: '\(name)'"
        guard model != nil || folderFault != nil else {
            let nearest = models.keys.nearest(to: name)
            return InferenceError(
                .notFound,
                "\(words) is not found",
                got: name.description,
                hint: nearest.map { "did you mean '\($0)'?" } ?? "POST /v2/repository/index lists the models"
            )
        }
        switch selector.version {
        case .latest:
            // In the message, since clients show nothing else of an answer.
            let reason = folderFault?.message ?? model?.reasonForNoVersion ?? ""
            return InferenceError(
                .notFound,
                "\(words) has no available versions" + (reason.isEmpty ? "" : ": \(reason)"),
                hint: folderFault?.hint ?? model?.hintForNoVersion ?? ""
            )
        case .exact(let version):
            return refusal(of: version, "\(words) version \(version) is", model, folderFault, name)
        case .label(let label):
            let labels = live.labels(of: name)
            guard let version = labels[label] else {
                let known = labels.keys.sorted().map(\.description).joined(separator: ", ")
                return InferenceError(
                    .notFound,
                    "\(words) label '\(label)' is not found",
                    field: "version",
                    got: label.description,
                    hint: known.isEmpty
                        ? "the model has no labels; apus-labels.json in its folder gives it some"
                        : "labels of it: \(known)"
                )
            }
            let beginning = "\(words) label '\(label)' names version \(version), which is"
            return refusal(of: version, beginning, model, folderFault, name)
        }
    }

    /// Says why a version isn't lent; `words` is how the sentence begins.
    private func refusal(
        of version: ModelVersion,
        _ words: String,
        _ model: ManagedModel?,
        _ folderFault: ModelError?,
        _ name: ModelName
    ) -> InferenceError {
        let live = readyVersions(of: name).map(\.description).joined(separator: ", ")
        guard let life = model?.life(of: version) else {
            let hint = folderFault?.message ?? model?.refusal?.message
            return InferenceError(
                .notFound,
                "\(words) not found",
                got: version.description,
                hint: hint ?? (live.isEmpty ? "no version of it is live" : "live versions: \(live)")
            )
        }
        return InferenceError(
            .unavailable,
            "\(words) not at ready state: \(life.explanation)",
            hint: life.failure?.hint
                ?? (live.isEmpty ? "" : "live versions: \(live); version_policy in config.pbtxt says which there are")
        )
    }
}

extension RepositoryListing {
    /// Lines for what is there and was never loaded.
    fileprivate func entriesOfAbsent(besides known: Set<String>) -> [RepositoryIndexEntry] {
        let reasons = models.map { ($0.name.description, "") } + unavailable.map { ($0.name, $0.error.message) }
        return reasons.filter { !known.contains($0.0) }.map { name, reason in
            RepositoryIndexEntry(name: name, version: nil, state: .absent, reason: reason)
        }
    }
}

extension ManagedModel {
    /// Its lines in the repository index.
    fileprivate func indexEntries(of name: ModelName) -> [RepositoryIndexEntry] {
        var entries = versions.map {
            RepositoryIndexEntry(
                name: name.description,
                version: $0.version,
                state: $0.life.outwardState,
                reason: $0.outwardReason
            )
        }
        switch intent {
        case .refused(let error):
            entries.append(
                RepositoryIndexEntry(
                    name: name.description,
                    version: nil,
                    state: .unavailable,
                    reason: error.message
                )
            )
        case .unplanned, .planning:
            if entries.isEmpty {
                entries.append(RepositoryIndexEntry(name: name.description, version: nil, state: .loading))
            }
        case .planned:
            if entries.isEmpty {
                entries.append(
                    RepositoryIndexEntry(
                        name: name.description,
                        version: nil,
                        state: .unavailable,
                        reason: "its version policy asks for no version"
                    )
                )
            }
        }
        return entries
    }

    /// Why none of its versions is live; the highest one's reason counts.
    var reasonForNoVersion: String {
        if let refusal { return refusal.message }
        guard let highest = versions.last else { return isBusy ? "its configuration is being read" : "" }
        return "version \(highest.version): \(highest.life.explanation)"
    }

    /// What to do about that, where it can be typed.
    var hintForNoVersion: String {
        refusal?.hint ?? versions.last?.life.failure?.hint ?? ""
    }
}

extension ManagedModel.Version {
    /// The reason that the index shows.
    fileprivate var outwardReason: String {
        guard life.isLive, let reloadFailure else { return life.outwardReason }
        return "what was loaded before serves on, since it couldn't be loaded anew: \(reloadFailure.message)"
    }
}

extension VersionLife {
    /// What a caller is told who asked for a version that isn't live.
    fileprivate var explanation: String {
        switch outwardState {
        case .loading: "it is loading; ask again soon"
        case .unloading: "it is being unloaded"
        default: outwardReason
        }
    }
}
