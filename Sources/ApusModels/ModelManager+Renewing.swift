internal import ApusCore
internal import Synchronization

extension ModelManager {
    /// Loads anew what has changed in a repository of which models are loaded on demand.
    ///
    /// What hasn't changed is left alone, and so is what nobody asked for. Returns when all is live or has failed.
    ///
    /// - Parameter catalogue: What is there now.
    package func renew(_ catalogue: RepositoryListing) async {
        noteCatalogue(catalogue)
        let fingerprints = Dictionary(uniqueKeysWithValues: catalogue.models.map { ($0.name, $0.fingerprint) })
        let changed = feed { contents in
            let unchanged = contents.unchanged(fingerprints)
            let changed = catalogue.models.filter { !unchanged.contains($0.name) && contents.machine.isWanted($0.name) }
            for folder in changed {
                contents.folders[folder.name] = folder
                contents.machine.modelChanged(folder.name)
            }
            return changed.map(\.name)
        }
        wakeThread()
        for name in changed { await reach(.settled(name)) }
    }
}
