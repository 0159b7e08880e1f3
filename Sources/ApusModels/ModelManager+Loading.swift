internal import ApusCore
internal import Synchronization

/// What loading threads do.
extension ModelManager {
    /// Takes one step after the other until there's none left.
    func workUntilIdle() {
        while true {
            let step = feed { $0.machine.threadBecameFree() }
            if case .idle = step { return }
            // There may be more for another thread; one that finds nothing goes back to sleep.
            wakeThread()
            carryOut(step)
        }
    }

    private func carryOut(_ step: ModelManagerStateMachine.OnThreadFree) {
        switch step {
        case .plan(let name, let listing): plan(name, listing: listing)
        case .load(let id): load(id)
        case .drain(let id): drain(id)
        case .unload(let id): unload(id)
        case .idle: break
        }
    }

    /// Reads a model's configuration and finds out what is wanted of it.
    private func plan(_ name: ModelName, listing: Int) {
        guard let folder = contents.withLock({ $0.folders[name] }) else { return }
        do throws(ModelError) {
            let model = try loading.plan(folder)
            let aspired = AspiredVersions(of: folder, under: model.policy, needsFiles: model.needsFiles)
            feed { contents in
                let outcome = contents.machine.modelPlanned(
                    aspired,
                    dependencies: model.dependencies,
                    listing: listing
                )
                if case .accepted = outcome { contents.planned[name] = (folder, model) }
                return outcome
            } tell: { outcome in
                guard case .accepted(let failed) = outcome else { return }
                live.setLabels(model.labels, of: name)
                for (version, error) in failed {
                    observer.modelFailed(name.description, version: version, error: error)
                }
            }
        } catch {
            feed {
                $0.machine.planFailed(name, error: error, listing: listing)
            } tell: { isInForce in
                if isInForce { observer.modelFailed(name.description, version: nil, error: error) }
            }
        }
    }

    /// Loads a version and lets it answer: first it does, then it's said, then it counts as done.
    ///
    /// In this order, so that whoever waits until everything is done finds that everything has been said.
    private func load(_ id: ModelID) {
        guard let (folder, model) = contents.withLock({ $0.planned[id.name] }) else { return }
        let start = time.now
        do throws(ModelError) {
            if let fault = contents.withLock({ $0.machine.dependencyFault(of: id.name) }) { throw fault }
            let servable = try model.load(id, folder)
            let elapsed = time.now.nanoseconds(since: start)
            let handle = VersionHandle(id: id, servable: servable) { [weak self] id in self?.lastLeaseEnded(id) }
            live.insert(handle)
            observer.modelLoaded(id, nanoseconds: elapsed)
            feed { contents in
                contents.handles[id] = handle
                contents.machine.versionLoaded(id)
            }
        } catch {
            observer.modelFailed(id.name.description, version: id.version, error: error)
            feed { $0.machine.versionFailed(id, error: error) }
        }
    }

    /// Takes a version out of service; it has been said already.
    private func drain(_ id: ModelID) {
        guard let handle = contents.withLock({ $0.handles[id] }) else { return }
        live.remove(handle)
        if handle.close() { feed { $0.machine.leasesEnded(id) } }
    }

    /// Comes from whatever thread wrote the last answer, an event loop for example: so it only leaves a note.
    private func lastLeaseEnded(_ id: ModelID) {
        feed { $0.machine.leasesEnded(id) }
        wakeThread()
    }

    /// Ends a version that nobody uses.
    private func unload(_ id: ModelID) {
        guard let handle = contents.withLock({ $0.handles.removeValue(forKey: id) }) else { return }
        loading.unload(handle.servable(as: Servable.self))
        observer.modelUnloaded(id)
        feed { $0.machine.versionUnloaded(id) }
    }
}
