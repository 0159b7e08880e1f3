internal import ApusCore
internal import Synchronization

extension ModelManager {
    /// Loads anew what has changed in a repository of which models are loaded on demand.
    ///
    /// What hasn't changed is left alone, and so is what nobody asked for. Waits for nothing: `loaded()` does.
    ///
    /// - Parameter catalogue: What is there now.
    package func renew(_ catalogue: RepositoryListing) {
        noteCatalogue(catalogue)
        let fingerprints = Dictionary(uniqueKeysWithValues: catalogue.models.map { ($0.name, $0.fingerprint) })
        feed { contents in
            let unchanged = contents.unchanged(fingerprints)
            let changed = catalogue.models.filter { folder in
                // What came with a load request stays until the next one.
                !unchanged.contains(folder.name) && contents.machine.isWanted(folder.name)
                    && contents.planned[folder.name]?.folder.isOverridden != true
            }
            for folder in changed {
                contents.folders[folder.name] = folder
                contents.machine.modelChanged(folder.name)
            }
        }
        wakeThread()
    }
}
