package import ApusCore

/// What should be live of one model: the whole list, each time; a version left out is to be unloaded.
package struct AspiredVersions: Sendable {
    /// The model.
    package let name: ModelName
    /// The versions that should be live, ascending.
    package let versions: [ModelVersion]
    /// Versions among them of which it's known already that they can't be, with the reason.
    package let faults: [ModelVersion: ModelError]
    /// Versions below them, ascending: the highest of these is wanted when none of the others can be served.
    package let fallbacks: [ModelVersion]
    /// The versions that the policy wants, without those that labels add; ascending.
    package let chosen: [ModelVersion]
    /// Versions that have to be brought here, or checked, before they can be loaded.
    package let unprepared: Set<ModelVersion>

    /// Lists versions.
    package init(
        name: ModelName,
        versions: [ModelVersion],
        faults: [ModelVersion: ModelError] = [:],
        fallbacks: [ModelVersion] = [],
        chosen: [ModelVersion]? = nil,
        unprepared: Set<ModelVersion> = []
    ) {
        self.name = name
        self.versions = versions
        self.faults = faults
        self.fallbacks = fallbacks
        self.chosen = chosen ?? versions
        self.unprepared = unprepared
    }

    /// What a policy wants of a folder.
    ///
    /// - Parameters:
    ///   - folder: The model's folder.
    ///   - policy: What is wanted.
    ///   - needsFiles: Whether what is amiss with a version's folder keeps the version from being served.
    ///   - labelled: Versions that labels point to: wanted besides the latest ones, as far as they are there.
    package init(
        of folder: ModelFolder,
        under policy: VersionPolicy,
        needsFiles: Bool = true,
        labelled: Set<ModelVersion> = []
    ) {
        let complete = folder.versions.filter { $0.isComplete || !needsFiles }.map(\.version)
        let chosen = policy.wanted(of: complete)
        var wanted = chosen
        var fallbacks: [ModelVersion] = []
        if case .latest = policy, let lowest = wanted.first {
            fallbacks = complete.filter { $0 < lowest }
            wanted = complete.filter { chosen.contains($0) || labelled.contains($0) }
        }
        var faults: [ModelVersion: ModelError] = [:]
        var unprepared: Set<ModelVersion> = []
        for version in wanted + fallbacks {
            if let versionFolder = folder.folder(of: version) {
                if needsFiles { faults[version] = versionFolder.fault }
                if needsFiles, folder.storage.mustPrepare(versionFolder) { unprepared.insert(version) }
            } else {
                faults[version] = .missingVersion(version, of: folder.name)
            }
        }
        self.init(
            name: folder.name,
            versions: wanted,
            faults: faults,
            fallbacks: fallbacks.filter { faults[$0] == nil },
            chosen: chosen,
            unprepared: unprepared
        )
    }
}
