internal import ApusCore
internal import ApusStorage

/// What tells a model's folder from itself after a change, without its content being read.
struct ModelFingerprint: Sendable, Equatable {
    /// Everything beside the versions, except for the labels.
    let configuration: String
    /// Where labels point.
    let labels: String
    /// Each version's files.
    let versions: [ModelVersion: String]

    /// Takes a folder's.
    init(_ folder: ModelFolder) {
        // What is a version's counts there, also where it lies beside the versions.
        let isVersionItself = folder.versions.contains { $0.path == folder.path && $0.filename == nil }
        let beside = folder.entries.filter { entry in
            !entry.isHidden && !isVersionItself && ModelVersion(parsing: entry.name) == nil
                && ScriptedName.version(of: entry.name, model: folder.name) == nil
                && entry.name != LabelPointer.filename
        }
        self.configuration = Self.join(beside) + (folder.configurationOverride ?? "")
        self.labels = Self.join(folder.entries.filter { $0.name == LabelPointer.filename })
        self.versions = Dictionary(uniqueKeysWithValues: folder.versions.map { ($0.version, Self.stamp(of: $0)) })
    }

    /// The versions whose files, or whose configuration, are others than they were.
    func changedVersions(since old: ModelFingerprint?) -> Set<ModelVersion> {
        guard let old else { return [] }
        let changed = versions.keys.filter { version in
            guard let before = old.versions[version] else { return false }
            return old.configuration != configuration || before != versions[version]
        }
        return Set(changed)
    }

    private static func stamp(of version: VersionFolder) -> String {
        version.digest ?? version.stamp
    }

    private static func join(_ entries: [StorageEntry]) -> String {
        entries.map { "\($0.name)=\($0.stamp)" }.joined(separator: "/")
    }
}
