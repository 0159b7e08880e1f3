package import ApusCore

extension Publisher {
    /// The published version that a number, a label or nothing (the newest one) stands for.
    ///
    /// - Throws: `notFound` with what there is.
    package func version(_ selector: ModelSelector) throws(StorageError) -> ModelID {
        switch selector.version {
        case .exact(let version): return ModelID(name: selector.name, version: version)
        case .label(let label):
            let pointer = try store.labels(of: selector.name).pointer
            guard let version = pointer.versions[label] else {
                let known = pointer.versions.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
                let there = known.isEmpty ? "it has none" : "it has \(known)"
                throw StorageError(.notFound, "\(selector.name) has no label '\(label)'; \(there)")
            }
            return ModelID(name: selector.name, version: version)
        case .latest:
            let contents = try RepositoryContents(of: store, model: selector.name)
            guard let model = contents.models[selector.name] else { throw try unknown(selector.name) }
            guard let newest = model.published.last else {
                throw StorageError(.notFound, "no version of \(selector.name) is published in \(store.location)")
            }
            return ModelID(name: selector.name, version: newest)
        }
    }
}

extension Publisher {
    /// A published version's manifest as it stands there, checked to be one.
    package func manifestText(of version: ModelID) throws(StorageError) -> String {
        guard let (_, text) = try store.manifest(of: version) else { throw try unpublished(version) }
        return String(decoding: text, as: UTF8.self)
    }
}
