internal import ApusCore
internal import ApusStorage

/// Walks a repository's folders, two levels deep, and judges each one.
struct RepositoryScan: Sendable {
    /// What became of one folder.
    enum Finding: Sendable {
        /// It may be served.
        case model(ModelFolder)
        /// It can't be, and why.
        case unavailable(UnavailableFolder)
    }

    /// The repository.
    let storage: any ModelStorage
    /// Names of model files that the engines take, the default one first.
    let modelFilenames: [String]
    /// What is asked of published versions.
    var rules = ManifestRules()

    private var search: ModelFileSearch { ModelFileSearch(storage: storage, modelFilenames: modelFilenames) }

    /// Judges everything in the root.
    func findings() throws(ModelError) -> [Finding] {
        let entries = try storage.entries(of: .root).filter { !$0.isHidden }
        let candidates = entries.filter { !$0.isFile && $0.name != "lost+found" && !modelFilenames.contains($0.name) }
        if let model = try modelOfItsOwn(candidates, among: entries) { return [model] }
        var findings = strayFiles(among: entries)
        for entry in candidates {
            switch entry.kind {
            case .folder: findings.append(modelFolder(entry.name))
            case .unreachable(let error):
                findings.append(.unavailable(UnavailableFolder(name: entry.name, error: error)))
            case .file, .other: break
            }
        }
        if let single = singleModel(among: entries, isAlone: candidates.isEmpty) { findings.append(single) }
        return candidates.isEmpty && findings.isEmpty ? strayConfiguration(among: entries) : findings
    }

    /// The root itself as a model, when all that it holds are versions: somebody pointed one level too deep.
    private func modelOfItsOwn(
        _ candidates: [StorageEntry],
        among entries: [StorageEntry]
    ) throws(ModelError) -> Finding? {
        guard !candidates.isEmpty, let name = ModelName(storage.name), ModelVersion(parsing: storage.name) == nil,
            candidates.allSatisfy({ $0.isFolder && ModelVersion(parsing: $0.name) != nil })
        else { return nil }
        let versions = try versionFolders(of: name, in: .root, holding: entries)
        guard versions.contains(where: { $0.fault == nil && !$0.entries.isEmpty }) else { return nil }
        return .model(folder(name, at: .root, entries, versions))
    }

    /// Model files of another name that lie directly in the root: named with what to do, never passed over in silence.
    private func strayFiles(among entries: [StorageEntry]) -> [Finding] {
        entries.compactMap { entry in
            guard entry.isFile, !modelFilenames.contains(entry.name),
                modelFilenames.contains(where: { entry.name.hasSuffix(ModelFileSearch.suffix(of: $0)) })
            else { return nil }
            let stem = entry.name.split(separator: ".").first.map(String.init) ?? "model"
            let reason =
                "'\(entry.name)' lies directly in the repository: put it in '\(stem)/1/\(modelFilenames[0])', "
                + "and it is served as '\(stem)'"
            return .unavailable(UnavailableFolder(name: entry.name, error: ModelError(.illegalName, reason)))
        }
    }

    /// A model's configuration directly in the root, without a version to go with it: an ensemble's folder, most likely.
    private func strayConfiguration(among entries: [StorageEntry]) -> [Finding] {
        entries.compactMap { entry in
            guard entry.isFile, [ModelFolder.configurationFilename, ModelFolder.settingsFilename].contains(entry.name)
            else { return nil }
            let reason =
                "'\(entry.name)' lies directly in the repository: it belongs in a model's folder. If '\(storage.name)' is "
                + "that folder, say --models with the folder above it, which has the models that an ensemble asks too"
            return .unavailable(UnavailableFolder(name: entry.name, error: ModelError(.illegalName, reason)))
        }
    }

    /// Judges a folder in the root.
    private func modelFolder(_ folderName: String) -> Finding {
        guard let name = ModelName(folderName) else {
            return .unavailable(UnavailableFolder(name: folderName, error: .illegalName(folderName)))
        }
        let path = StoragePath.root.appending(name)
        do throws(ModelError) {
            let entries = try storage.entries(of: path)
            let versions = try versionFolders(of: name, in: path, holding: entries)
            guard !versions.isEmpty else { throw search.missingVersions(in: path, holding: entries) }
            return .model(folder(name, at: path, entries, versions))
        } catch {
            return .unavailable(UnavailableFolder(name: folderName, error: error))
        }
    }

    /// The versions of a model: its version folders, or else version 1 for a model file that lies beside them.
    private func versionFolders(
        of name: ModelName,
        in path: StoragePath,
        holding entries: [StorageEntry]
    ) throws(ModelError) -> [VersionFolder] {
        var versions: [VersionFolder] = []
        // The configuration may name another file, or a built-in model that has none.
        let isEnsemble = try mentionsEnsemble(path, holding: entries)
        let decidesByName = !isEnsemble && !entries.contains { $0.name == ModelFolder.configurationFilename }
        for entry in entries {
            guard let version = ModelVersion(parsing: entry.name) else { continue }
            switch entry.kind {
            case .folder:
                versions.append(versionFolder(version, of: name, in: path, decidesByName: decidesByName))
            case .unreachable(let error):
                let path = path.appending(version)
                versions.append(VersionFolder(version: version, path: path, entries: [], fault: error))
            case .file, .other:
                break
            }
        }
        versions += try namedVersions(of: name, in: path, holding: entries, besides: versions.map(\.version))
        if versions.isEmpty, try search.modelFile(in: path, holding: entries) != nil {
            return [VersionFolder(version: .first, path: path, entries: entries)]
        }
        if versions.isEmpty, try mentionsEnsemble(path, holding: entries) {
            // All configuration; if it turns out to be something else, the reason is that there is no version.
            let fault = search.missingVersions(in: path, holding: entries)
            return [VersionFolder(version: .first, path: path, entries: [], fault: fault)]
        }
        return versions.sorted { $0.version < $1.version }
    }

    /// Versions whose names are those of training scripts.
    ///
    /// `model_v3.onnx`, or a folder `model_v3` with a model file in it; the model's own name does in the place of `model`.
    /// A folder `3` wins over them.
    private func namedVersions(
        of name: ModelName,
        in path: StoragePath,
        holding entries: [StorageEntry],
        besides known: [ModelVersion]
    ) throws(ModelError) -> [VersionFolder] {
        var found: [ModelVersion: VersionFolder] = [:]
        for entry in entries {
            guard let (version, suffix) = ScriptedName.version(of: entry.name, model: name), !known.contains(version),
                let inside = path.appending(entry.name)
            else { continue }
            if entry.isFolder, suffix.isEmpty {
                let held = try deepStamps(storage.entries(of: inside), in: inside)
                guard try search.modelFile(in: inside, holding: held) != nil else { continue }
                found[version] = VersionFolder(version: version, path: inside, entries: held)
            } else if entry.isFile, modelFilenames.contains(where: { ModelFileSearch.suffix(of: $0) == suffix }) {
                let one = VersionFolder(version: version, path: path, entries: [entry], filename: entry.name)
                if found[version] == nil { found[version] = one }
            }
        }
        return found.values.sorted { $0.version < $1.version }
    }

    /// Whether a model's configuration may describe an ensemble, which needs no files; a loader reads it properly.
    ///
    /// - Throws: When the storage doesn't answer; what can't be read for other reasons is for the loader to tell.
    private func mentionsEnsemble(
        _ path: StoragePath,
        holding entries: [StorageEntry]
    ) throws(ModelError) -> Bool {
        for filename in [ModelFolder.configurationFilename, ModelFolder.settingsFilename] {
            guard entries.contains(where: { $0.name == filename && $0.isFile }), let file = path.appending(filename)
            else { continue }
            do throws(ModelError) {
                let bytes = try storage.contents(of: file, byteLimit: ModelFolder.maxConfigurationBytes)
                if String(decoding: bytes, as: UTF8.self).contains("ensemble") { return true }
            } catch {
                if error.code == .unreachable { throw error }
            }
        }
        return false
    }

    private func versionFolder(
        _ version: ModelVersion,
        of name: ModelName,
        in path: StoragePath,
        decidesByName: Bool
    ) -> VersionFolder {
        let path = path.appending(version)
        do throws(ModelError) {
            let entries = try deepStamps(storage.entries(of: path), in: path)
            let id = ModelID(name: name, version: version)
            if let published = try publishedFolder(id, at: path, holding: entries) { return published }
            let folder = VersionFolder(version: version, path: path, entries: entries)
            guard decidesByName, let fault = search.fault(of: folder, of: name) else { return folder }
            return VersionFolder(version: version, path: path, entries: folder.entries, fault: fault)
        } catch {
            return VersionFolder(version: version, path: path, entries: [], fault: error)
        }
    }

    /// Gives folders within a version the stamps of all that lies in them, so that a change there is seen too.
    private func deepStamps(
        _ entries: [StorageEntry],
        in path: StoragePath,
        depth: Int = 0
    ) throws(ModelError) -> [StorageEntry] {
        var stamped: [StorageEntry] = []
        for entry in entries {
            guard entry.isFolder, depth < RepositoryScan.maxDepth, let inside = path.appending(entry.name) else {
                stamped.append(entry)
                continue
            }
            let held = try deepStamps(storage.entries(of: inside), in: inside, depth: depth + 1)
            let text = held.map { "\($0.name)=\($0.stamp)" }.joined(separator: "/")
            stamped.append(
                StorageEntry(
                    name: entry.name,
                    kind: .folder,
                    stamp: SHA256Digest(of: text.utf8).hex,
                    modified: held.compactMap(\.modified).max() ?? entry.modified
                )
            )
        }
        return stamped
    }

    /// How deep folders within a version are looked at.
    private static let maxDepth = 8

    /// A version with a manifest, or one that is being published; `nil` for one that lies there without either.
    private func publishedFolder(
        _ id: ModelID,
        at path: StoragePath,
        holding entries: [StorageEntry]
    ) throws(ModelError) -> VersionFolder? {
        guard entries.contains(where: { $0.name == VersionManifest.filename }),
            let file = path.appending(VersionManifest.filename)
        else {
            guard !entries.contains(where: { $0.name == VersionManifest.claimFilename }) else {
                let reason =
                    "\(id) is being published: it has a claim (\(VersionManifest.claimFilename)) and no manifest yet"
                let fault = ModelError(.incomplete, reason)
                return VersionFolder(version: id.version, path: path, entries: entries, fault: fault)
            }
            return nil
        }
        let bytes = try storage.contents(of: file, byteLimit: VersionManifest.maxBytes)
        let manifest = try rules.manifest(bytes, of: id)
        let listed = Set(manifest.content.files.map { $0.path.prefix { $0 != "/" } }.map(String.init))
        if let missing = listed.subtracting(entries.map(\.name)).min() {
            throw ModelError(.untrusted, "\(id)/\(missing) is listed in \(VersionManifest.filename) and isn't there")
        }
        return VersionFolder(
            version: id.version,
            path: path,
            entries: entries.filter { listed.contains($0.name) },
            manifest: manifest
        )
    }

    /// Judges model files that lie directly in the root: served when there is nothing else.
    private func singleModel(among entries: [StorageEntry], isAlone: Bool) -> Finding? {
        guard let entry = entries.first(where: { modelFilenames.contains($0.name) }) else {
            guard isAlone, UnservedFormat.recognized(in: entries) != nil else { return nil }
            let place = "'\(storage.location)'"
            let target = "\(storage.location)/\(search.expected)"
            let error = search.missingFile(in: place, holding: entries, target: target)
            return .unavailable(UnavailableFolder(name: storage.name, error: error))
        }
        guard isAlone else {
            let reason =
                "'\(entry.name)' lies beside models' folders, so it has no name: put it in '<name>/1/\(entry.name)'"
            return .unavailable(UnavailableFolder(name: entry.name, error: ModelError(.illegalName, reason)))
        }
        guard let name = ModelName(storage.name) else {
            return .unavailable(UnavailableFolder(name: storage.name, error: .illegalName(storage.name)))
        }
        do throws(ModelError) {
            guard try search.modelFile(in: .root, holding: entries) != nil else { return nil }
            let version = VersionFolder(version: .first, path: .root, entries: entries)
            return .model(folder(name, at: .root, entries, [version]))
        } catch {
            return .unavailable(UnavailableFolder(name: storage.name, error: error))
        }
    }

    /// Where only signed versions are served, none without a manifest is, wherever and under whatever name it lies.
    private func signedOnly(_ version: VersionFolder, of name: ModelName) -> VersionFolder {
        guard version.manifest == nil, version.isComplete else { return version }
        if version.fault?.code == .untrusted { return version }
        let reason =
            "\(name)/\(version.version) has no \(VersionManifest.filename), and only signed versions are served: publish it "
            + "with 'apus push --sign'"
        let fault = ModelError(.untrusted, reason)
        return VersionFolder(version: version.version, path: version.path, entries: version.entries, fault: fault)
    }

    private func folder(
        _ name: ModelName,
        at path: StoragePath,
        _ entries: [StorageEntry],
        _ versions: [VersionFolder]
    ) -> ModelFolder {
        ModelFolder(
            name: name,
            path: path,
            entries: entries,
            versions: rules.isStrict ? versions.map { signedOnly($0, of: name) } : versions,
            storage: storage,
            modelFilenames: modelFilenames,
            rules: rules
        )
    }
}
