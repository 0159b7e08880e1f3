package import ApusCore

extension Publisher {
    /// Removes a version.
    ///
    /// It stops being one at once (its manifest goes first, under a claim, so that nobody takes what is left for a version
    /// that was copied by hand), and its number isn't given again as long as a label's history names it.
    ///
    /// - Parameters:
    ///   - version: Which one.
    ///   - isForced: Also when a label points to it (the labels go first) or it is the newest one, which servers serve.
    /// - Throws: `notFound`; `inUse` with the reason.
    package func remove(_ version: ModelID, isForced: Bool = false) throws(StorageError) {
        let contents = try RepositoryContents(of: store, model: version.name)
        let model = contents.models[version.name]
        guard let listed = model?.versions[version.version], listed.manifest != nil else {
            throw try unpublished(version)
        }
        let labels = try store.labels(of: version.name).pointer.labels(of: version.version)
        if !isForced {
            guard labels.isEmpty else {
                let names = labels.map { "'\($0)'" }.joined(separator: ", ")
                throw StorageError(
                    .inUse,
                    "\(version) is what \(names) points to: promote another version first, or give --force"
                )
            }
            guard model?.published.last != version.version else {
                throw StorageError(
                    .inUse,
                    "\(version) is the newest version, which servers serve when they aren't asked for another one: "
                        + "push another version first, or give --force"
                )
            }
        }
        for label in labels { try removeLabel(label, of: version.name) }
        try removeObjects(of: version, listed)
    }

    /// Removes a version's objects: a claim is made, the manifest goes, then the files, then the claim.
    func removeObjects(of version: ModelID, _ listed: RepositoryContents.Version) throws(StorageError) {
        if listed.claim == nil {
            let claim = PushClaim(by: context.by, time: context.now(), token: context.token())
            guard try claim.place(on: version, in: store) else {
                throw StorageError(.inUse, "\(version) is being pushed or removed by somebody else: try again")
            }
        }
        try store.remove(VersionManifest.key(of: version))
        for file in listed.files { try store.remove(file.object.key) }
        try store.remove(VersionManifest.claimKey(of: version))
    }

    /// What is swept together.
    package struct GarbagePolicy: Sendable {
        /// How old something must be, in seconds; a push that takes longer is taken for dead.
        package var minimumAge: Int64
        /// How many of the newest versions stay, and `nil` stands for all.
        ///
        /// What a label points to stays too.
        package var keptVersions: Int?
        /// Whether it is only said what would go.
        package var isDryRun: Bool

        /// Sets up a policy.
        package init(minimumAge: Int64 = 24 * 3600, keptVersions: Int? = nil, isDryRun: Bool = false) {
            self.minimumAge = minimumAge
            self.keptVersions = keptVersions
            self.isDryRun = isDryRun
        }
    }

    /// Something that went, or would go.
    package struct Garbage: Sendable, Equatable {
        /// What it is: `iris/3`, or a key.
        package let name: String
        /// Why it goes.
        package let reason: String
        /// Its bytes.
        package let byteCount: Int
    }

    /// Removes what is of no use: pushes that died, files that a manifest doesn't list, versions beyond the newest ones.
    ///
    /// Versions without manifest and without claim stay: somebody copied them there by hand.
    package func collectGarbage(
        _ policy: GarbagePolicy,
        of model: ModelName? = nil
    ) throws(StorageError) -> [Garbage] {
        let contents = try RepositoryContents(of: store, model: model)
        if let model, contents.models[model] == nil { throw try unknown(model) }
        var garbage: [Garbage] = []
        for name in contents.names {
            guard let listed = contents.models[name] else { continue }
            for version in listed.versions.keys.sorted() {
                guard let objects = listed.versions[version] else { continue }
                garbage += try sweep(ModelID(name: name, version: version), objects, policy)
            }
            garbage += try thinOut(name, listed, policy)
        }
        return garbage
    }

    private func sweep(
        _ version: ModelID,
        _ listed: RepositoryContents.Version,
        _ policy: GarbagePolicy
    ) throws(StorageError) -> [Garbage] {
        guard listed.manifest == nil else { return try sweepLeftovers(version, listed, policy) }
        guard listed.claim != nil, try isOld(version, listed, policy) else { return [] }
        let byteCount = listed.byteCount
        if !policy.isDryRun {
            // Once more: it may have been finished since it was listed.
            guard try store.describe(VersionManifest.key(of: version)) == nil else { return [] }
            for file in listed.files { try store.remove(file.object.key) }
            try store.remove(VersionManifest.claimKey(of: version))
        }
        return [Garbage(name: version.description, reason: "a push that died", byteCount: byteCount)]
    }

    /// What lies in a published version's folder and isn't of it.
    private func sweepLeftovers(
        _ version: ModelID,
        _ listed: RepositoryContents.Version,
        _ policy: GarbagePolicy
    ) throws(StorageError) -> [Garbage] {
        guard let manifest = try store.manifest(of: version)?.read.contents else { return [] }
        let paths = Set(manifest.files.map(\.path))
        var leftovers = listed.files.filter { !paths.contains($0.path) }.map(\.object)
        if let claim = listed.claim { leftovers.append(claim) }
        let limit = context.now() - policy.minimumAge
        let old = leftovers.filter { ($0.modified ?? manifest.created) <= limit }
        if !policy.isDryRun {
            for object in old { try store.remove(object.key) }
        }
        return old.map { object in
            Garbage(
                name: object.key.description,
                reason: "isn't in the version's manifest",
                byteCount: object.byteCount
            )
        }
    }

    private func thinOut(
        _ model: ModelName,
        _ listed: RepositoryContents.Model,
        _ policy: GarbagePolicy
    ) throws(StorageError) -> [Garbage] {
        guard let kept = policy.keptVersions else { return [] }
        var garbage: [Garbage] = []
        for version in listed.published.dropLast(max(1, kept)) {
            // Labels are read each time: one may just have been moved.
            guard try store.labels(of: model).pointer.labels(of: version).isEmpty,
                let objects = listed.versions[version]
            else { continue }
            let id = ModelID(name: model, version: version)
            let byteCount = objects.byteCount
            if !policy.isDryRun { try removeObjects(of: id, objects) }
            let reason = "no label, and not one of the newest \(max(1, kept))"
            garbage.append(Garbage(name: id.description, reason: reason, byteCount: byteCount))
        }
        return garbage
    }

    /// Whether nothing of an unfinished version is younger than the policy's age.
    private func isOld(
        _ version: ModelID,
        _ listed: RepositoryContents.Version,
        _ policy: GarbagePolicy
    ) throws(StorageError) -> Bool {
        let limit = context.now() - policy.minimumAge
        // A claim that can't be read is as old as the store says.
        let claimed = try? PushClaim.read(of: version, in: store)?.time
        let times = listed.objects.values.compactMap(\.modified) + [claimed ?? nil].compactMap { $0 }
        return times.allSatisfy { $0 <= limit }
    }
}
