package import ApusCore

/// What should be live of one model: the whole list, each time; a version left out is to be unloaded.
package struct AspiredVersions: Sendable {
    /// The model.
    package let name: ModelName
    /// The versions that should be live, ascending.
    package let versions: [ModelVersion]
    /// Versions among them of which it's known already that they can't be, with the reason.
    package let faults: [ModelVersion: ModelError]

    /// Lists versions.
    package init(name: ModelName, versions: [ModelVersion], faults: [ModelVersion: ModelError] = [:]) {
        self.name = name
        self.versions = versions
        self.faults = faults
    }

    /// What a policy wants of a folder.
    ///
    /// - Parameters:
    ///   - folder: The model's folder.
    ///   - policy: What is wanted.
    ///   - needsFiles: Whether what is amiss with a version's folder keeps the version from being served.
    package init(of folder: ModelFolder, under policy: VersionPolicy, needsFiles: Bool = true) {
        let wanted = policy.wanted(of: folder.versions.map(\.version))
        var faults: [ModelVersion: ModelError] = [:]
        for version in wanted {
            if let versionFolder = folder.folder(of: version) {
                if needsFiles { faults[version] = versionFolder.fault }
            } else {
                faults[version] = .missingVersion(version, of: folder.name)
            }
        }
        self.init(name: folder.name, versions: wanted, faults: faults)
    }
}
