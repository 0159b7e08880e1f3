internal import ApusCore
internal import Synchronization

/// What loading threads do.
extension ModelManager {
    /// Takes one step after the other until there's none left.
    func workUntilIdle() {
        while true {
            let (step, hasUnprepared) = feed { contents in
                let step = contents.machine.threadBecameFree()
                for id in contents.machine.takeDropped() { contents.prepared[id] = nil }
                return (step, contents.machine.hasUnprepared)
            }
            if hasUnprepared { wakePreparingThread() }
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
        case .replace(let id): replace(id)
        case .unloadEdition(let edition): unload(edition: edition)
        case .idle: break
        }
    }

    /// Reads a model's configuration and finds out what is wanted of it.
    private func plan(_ name: ModelName, listing: Int) {
        guard let folder = contents.withLock({ $0.folders[name] }) else { return }
        do throws(ModelError) {
            let model = try loading.plan(folder)
            let aspired = AspiredVersions(
                of: folder,
                under: model.policy,
                needsFiles: model.needsFiles,
                labelled: Set(model.labels.values).union(versionsHeld(by: model.labels, of: name))
            )
            let fingerprint = folder.fingerprint
            feed { contents in
                let outcome = contents.machine.modelPlanned(
                    aspired,
                    dependencies: model.dependencies,
                    changed: fingerprint.changedVersions(since: contents.fingerprints[name]),
                    listing: listing
                )
                if case .accepted = outcome {
                    contents.folders[name] = nil
                    contents.fingerprints[name] = fingerprint
                    contents.planned[name] = (folder, model)
                    contents.request(model.dependencies)
                    // Before anybody can find that the model is done, and never those of a plan that is outdated.
                    contents.labels[name] = model.labels
                    _ = moveLabels(of: name, to: model.labels)
                }
                return outcome
            } tell: { outcome in
                guard case .accepted(let failed) = outcome else { return }
                for (version, error) in failed {
                    observer.modelFailed(name.description, version: version, error: error)
                }
            }
        } catch {
            feed { contents in
                let isInForce = contents.machine.planFailed(name, error: error, listing: listing)
                if isInForce {
                    contents.folders[name] = nil
                    contents.refused[name] = folder.fingerprint
                }
                return isInForce
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
        let files = contents.withLock { $0.prepared.removeValue(forKey: id) }
        do throws(ModelError) {
            if let fault = contents.withLock({ $0.machine.dependencyFault(of: id.name) }) { throw fault }
            let predecessor = contents.withLock { contents in
                contents.handles.values.filter { $0.id.name == id.name }.max { $0.id.version < $1.id.version }
            }
            let servable = try model.load(id, folder)
            feed { $0.machine.versionOpened(id) }
            try warmUp(servable, after: predecessor)
            let elapsed = time.now.nanoseconds(since: start)
            let handle = makeHandle(id, servable, files: files)
            live.insert(handle)
            observer.modelLoaded(id, nanoseconds: elapsed)
            feed { contents in
                contents.handles[id] = handle
                contents.machine.versionLoaded(id)
                if moveLabels(of: id.name, to: contents.labels[id.name] ?? [:]) { contents.planAgain(id.name) }
            }
        } catch {
            observer.modelFailed(id.name.description, version: id.version, error: error)
            feed { contents in
                contents.machine.versionFailed(id, error: error)
                contents.letGo(of: id.name)
            }
        }
    }

    /// Runs requests on a version that isn't live yet; one that fails is let go of.
    private func warmUp(_ servable: Servable, after predecessor: VersionHandle?) throws(ModelError) {
        do throws(ModelError) {
            try loading.warmUp(servable, predecessor?.servable(as: Servable.self))
        } catch {
            loading.unload(servable)
            throw error
        }
    }

    /// Takes a version out of service; it has been said already.
    private func drain(_ id: ModelID) {
        guard let handle = contents.withLock({ $0.handles[id] }) else { return }
        live.remove(handle)
        feed { contents in
            _ = moveLabels(of: id.name, to: contents.labels[id.name] ?? [:])
            contents.machine.versionLeft(id)
        }
        if handle.close() { feed { $0.machine.leasesEnded(id) } }
    }

    /// Comes from whatever thread wrote the last answer, an event loop for example: so it only leaves a note.
    func lastLeaseEnded(_ handle: VersionHandle) {
        feed { contents in
            if contents.replaced[handle.edition] == nil {
                contents.machine.leasesEnded(handle.id)
            } else {
                contents.machine.leasesEnded(onEdition: handle.edition)
            }
        }
        wakeThread()
    }

    /// Ends a version that nobody uses.
    private func unload(_ id: ModelID) {
        guard let handle = contents.withLock({ $0.handles.removeValue(forKey: id) }) else { return }
        loading.unload(handle.servable(as: Servable.self))
        observer.modelUnloaded(id)
        feed { contents in
            contents.machine.versionUnloaded(id)
            contents.letGo(of: id.name)
        }
    }

    /// Loads a live version anew and lets the new one take its place; the old one ends with its leases.
    private func replace(_ id: ModelID) {
        let known = contents.withLock { ($0.planned[id.name], $0.handles[id]) }
        guard let (folder, model) = known.0, let old = known.1 else { return }
        let start = time.now
        let files = contents.withLock { $0.prepared.removeValue(forKey: id) }
        do throws(ModelError) {
            if let fault = contents.withLock({ $0.machine.dependencyFault(of: id.name) }) { throw fault }
            let servable = try model.load(id, folder)
            try warmUp(servable, after: old)
            let handle = makeHandle(id, servable, files: files)
            live.replace(old, with: handle)
            observer.modelLoaded(id, nanoseconds: time.now.nanoseconds(since: start))
            feed { contents in
                contents.handles[id] = handle
                contents.replaced[old.edition] = old
                contents.machine.versionReplaced(id, old: old.edition)
            }
            // Only now: who ends the last lease must find it among those that were replaced.
            if old.close() { feed { $0.machine.leasesEnded(onEdition: old.edition) } }
        } catch {
            observer.modelFailed(id.name.description, version: id.version, error: error)
            feed { $0.machine.versionNotReplaced(id, error: error) }
        }
    }

    /// Ends a version that was replaced and that nobody uses.
    private func unload(edition: Int) {
        guard let handle = contents.withLock({ $0.replaced.removeValue(forKey: edition) }) else { return }
        loading.unload(handle.servable(as: Servable.self))
        observer.modelUnloaded(handle.id)
        feed { $0.machine.editionUnloaded(edition) }
    }
}
