internal import ApusCore
internal import Synchronization

/// What preparing threads do: they bring versions' files here and check them, while others are loaded and served.
extension ModelManager {
    /// Prepares one version after the other until there's none left.
    func prepareUntilIdle() {
        while let preparation = feed({ $0.machine.preparingThreadBecameFree() }) {
            // There may be more for another thread.
            wakePreparingThread()
            prepare(preparation)
            wakeThread()
        }
    }

    private func prepare(_ preparation: ModelPreparation) {
        let id = preparation.id
        do throws(ModelError) {
            let folder = contents.withLock { $0.planned[id.name]?.folder }
            guard let version = folder?.folder(of: id.version) else { throw .missingVersion(id.version, of: id.name) }
            let files = try folder?.storage.prepare(version)
            feed { contents in
                if contents.machine.versionPrepared(preparation) { contents.prepared[id] = files }
            }
        } catch {
            feed { contents in
                let isWanted = contents.machine.preparationFailed(preparation, error: error)
                contents.letGo(of: id.name)
                return isWanted
            } tell: { isWanted in
                if isWanted { observer.modelFailed(id.name.description, version: id.version, error: error) }
            }
        }
    }
}

extension ModelManager.Contents {
    /// The models in which nothing has changed since they were planned, or refused, and of which nothing may go better.
    func unchanged(_ fingerprints: [ModelName: ModelFingerprint]) -> Set<ModelName> {
        let names = fingerprints.filter { name, fingerprint in
            guard let model = machine.models[name], model.isListed, !model.mayGoWellLater else { return false }
            switch model.intent {
            case .unplanned, .planning: return false
            case .planned: return self.fingerprints[name] == fingerprint
            case .refused: return refused[name] == fingerprint
            }
        }
        return Set(names.keys)
    }
}
