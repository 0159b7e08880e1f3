package import ApusCore

/// Everything in a repository that is a model, or looks like one: the whole list, each time.
///
/// Layouts: `<model>/<version>/<file>` (Triton's), `<model>/<file>` (version 1), and a single model file directly in
/// the root (version 1 of a model named after the root). Hidden folders and `lost+found` are passed over.
package struct RepositoryListing: Sendable {
    /// Models that may be served, sorted by name.
    package let models: [ModelFolder]
    /// What looks like a model and can't be served, sorted by name.
    package let unavailable: [UnavailableFolder]

    /// Collects models, for tests and for repositories that are no folders.
    package init(models: [ModelFolder], unavailable: [UnavailableFolder] = []) {
        self.models = models.sorted { $0.name < $1.name }
        self.unavailable = unavailable.sorted { $0.name < $1.name }
    }

    /// Whether another look may find more though nothing has changed: something couldn't be read this time.
    package var mayGoWellLater: Bool {
        unavailable.contains { $0.error.mayGoWellLater }
            || models.contains { $0.versions.contains { $0.fault?.mayGoWellLater == true } }
    }

    /// Lists a repository; blocks while it reads folders.
    ///
    /// - Parameters:
    ///   - storage: The repository's root.
    ///   - modelFilenames: Names of model files that the engines take, the default one first.
    ///   - rules: What is asked of published versions.
    /// - Throws: When the root itself can't be listed; what is wrong further down is a reason in the listing.
    package init(
        scanning storage: some ModelStorage,
        modelFilenames: [String],
        rules: ManifestRules = ManifestRules()
    ) throws(ModelError) {
        let scan = RepositoryScan(storage: storage, modelFilenames: modelFilenames, rules: rules)
        var models: [ModelFolder] = []
        var unavailable: [UnavailableFolder] = []
        for found in try scan.findings() {
            switch found {
            case .model(let folder): models.append(folder)
            case .unavailable(let folder): unavailable.append(folder)
            }
        }
        self.init(models: models, unavailable: unavailable)
    }
}
