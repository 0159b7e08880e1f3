package import ApusCore
package import ApusStorage

/// One model's folder in a repository, as it was when the repository was listed.
///
/// It says what is there, not what should be served: that takes the model's configuration, which a `ModelLoader` reads
/// from here.
package struct ModelFolder: Sendable {
    /// The name of the configuration file that a model may have.
    package static let configurationFilename = "config.pbtxt"
    /// The name of the file that holds what Apus adds to a model's configuration.
    package static let settingsFilename = "apus.yaml"
    /// The most bytes that are read of either.
    package static let maxConfigurationBytes = 1 << 20

    /// The model's name: its folder's, or the root's for a model file that lies directly in the root.
    package let name: ModelName
    /// Where the folder lies in the storage.
    package let path: StoragePath
    /// Everything in the folder, sorted by name.
    package private(set) var entries: [StorageEntry]
    /// Its versions, ascending; never empty.
    package let versions: [VersionFolder]
    /// The storage that it was found in.
    package let storage: any ModelStorage
    /// Names of model files that the engines take, the default one first.
    let modelFilenames: [String]
    /// What is asked of published versions.
    let rules: ManifestRules
    /// The version that this folder stands for; `nil` when it stands for all of them.
    private var version: VersionFolder?
    /// A configuration, as JSON, that counts in the place of `config.pbtxt`: a load request's.
    package private(set) var configurationOverride: String?

    /// Describes a folder.
    init(
        name: ModelName,
        path: StoragePath,
        entries: [StorageEntry],
        versions: [VersionFolder],
        storage: any ModelStorage,
        modelFilenames: [String],
        rules: ManifestRules = ManifestRules()
    ) {
        self.name = name
        self.path = path
        self.entries = entries
        self.versions = versions
        self.storage = storage
        self.modelFilenames = modelFilenames
        self.rules = rules
        self.configurationOverride = nil
    }

    /// Whether it, or its configuration, came with a load request.
    var isOverridden: Bool { configurationOverride != nil || storage is MemoryModelStorage }

    /// Whether it has a `config.pbtxt`.
    package var hasConfiguration: Bool { has(ModelFolder.configurationFilename) }

    /// The folder as it counts for one version: what the version's manifest lists stands in the place of what lies beside
    /// the versions, and where only signed versions are served, nothing else counts.
    ///
    /// - Parameter version: The version; `nil` for the highest that has a manifest.
    /// - Returns: The folder, reading as that version.
    package func specific(to version: ModelVersion?) -> ModelFolder {
        var folder = self
        folder.version = version.map { self.folder(of: $0) } ?? versions.last { $0.manifest != nil }
        return folder
    }

    /// Where a file of its configuration lies, for messages.
    ///
    /// - Parameter filename: One path component.
    /// - Returns: The path from the repository's root: `iris/config.pbtxt`, or `iris/2/config.pbtxt` where it is version 2's.
    package func place(of filename: String) -> String {
        guard let version, version.manifest?.content.files.contains(where: { $0.path == filename }) == true else {
            return "\(name)/\(filename)"
        }
        return "\(name)/\(version.version)/\(filename)"
    }

    private func has(_ filename: String) -> Bool {
        if version?.manifest?.content.files.contains(where: { $0.path == filename }) == true { return true }
        return isOpen(filename) && entries.contains { $0.name == filename }
    }

    /// Whether what lies beside the versions counts.
    private func isOpen(_ filename: String) -> Bool {
        !rules.isStrict || filename == LabelPointer.filename
    }

    /// What was there when it was listed; another value means that something has changed.
    var fingerprint: ModelFingerprint { ModelFingerprint(self) }

    /// The same folder with another configuration.
    ///
    /// - Parameter configuration: JSON in the form of `/config`; read by whoever loads the model.
    /// - Returns: The folder; which file a version needs is the configuration's to say.
    package func overriding(_ configuration: String) -> ModelFolder {
        let versions = versions.map { version in
            guard version.fault?.code == .noModelFile else { return version }
            return VersionFolder(version: version.version, path: version.path, entries: version.entries)
        }
        var folder = replacing(versions)
        folder.configurationOverride = configuration
        return folder
    }

    /// The same folder with other versions.
    func replacing(_ versions: [VersionFolder]) -> ModelFolder {
        var folder = ModelFolder(
            name: name,
            path: path,
            entries: entries,
            versions: versions,
            storage: storage,
            modelFilenames: modelFilenames,
            rules: rules
        )
        folder.configurationOverride = configurationOverride
        return folder
    }

    /// The same folder, looking as if nothing but labels had changed beside the versions.
    func keepingConfiguration(of other: ModelFolder) -> ModelFolder {
        var folder = self
        let labels = LabelPointer.filename
        folder.entries = other.entries.filter { $0.name != labels } + entries.filter { $0.name == labels }
        return folder
    }

    /// What is there of a version; `nil` when it has no folder.
    package func folder(of version: ModelVersion) -> VersionFolder? {
        versions.first { $0.version == version }
    }

    /// The bytes of a file beside the version folders, for example the configuration.
    ///
    /// - Parameters:
    ///   - filename: One path component.
    ///   - byteLimit: The most bytes that are read; a larger file is refused.
    /// - Returns: `nil` when there is no such file.
    /// - Throws: When it's there and can't be read.
    package func contents(of filename: String, byteLimit: Int) throws(ModelError) -> [UInt8]? {
        if let listed = try listedContents(of: filename, byteLimit: byteLimit) { return listed }
        guard isOpen(filename), entries.contains(where: { $0.name == filename }), let path = path.appending(filename)
        else { return nil }
        return try storage.contents(of: path, byteLimit: byteLimit)
    }

    /// The bytes of a file in a folder beside the version folders, for example a state's initial value.
    ///
    /// - Parameters:
    ///   - filename: A relative path below the folder.
    ///   - subfolder: The folder's name.
    ///   - byteLimit: The most bytes that are read; a larger file is refused.
    /// - Returns: All of its bytes.
    /// - Throws: When it isn't there or can't be read.
    package func contents(of filename: String, in subfolder: String, byteLimit: Int) throws(ModelError) -> [UInt8] {
        var path = path.appending(subfolder)
        for component in filename.split(separator: "/", omittingEmptySubsequences: false) {
            path = path?.appending(String(component))
        }
        if let listed = try listedContents(of: "\(subfolder)/\(filename)", byteLimit: byteLimit) { return listed }
        guard let path, isOpen(filename) else {
            throw ModelError(.invalidConfiguration, "'\(subfolder)/\(filename)' is no file of the model '\(name)'")
        }
        return try storage.contents(of: path, byteLimit: byteLimit)
    }

    /// The bytes of a file that the version's manifest lists, checked against it; `nil` when it lists none of this name.
    private func listedContents(of filename: String, byteLimit: Int) throws(ModelError) -> [UInt8]? {
        guard let version, let file = version.manifest?.content.files.first(where: { $0.path == filename }),
            let path = StoragePath("\(version.path)/\(filename)")
        else { return nil }
        let bytes = try storage.contents(of: path, byteLimit: byteLimit)
        guard SHA256Digest(of: bytes) == file.digest else {
            throw ModelError(
                .untrusted,
                "'\(path)' isn't what the version's manifest lists: its digest is \(SHA256Digest(of: bytes)), expected was "
                    + "\(file.digest)"
            )
        }
        guard file.encryption != nil else { return bytes }
        do throws(StorageError) {
            return try rules.keys.opened(bytes, file, of: "\(name)/\(version.version)")
        } catch {
            throw ModelError(error)
        }
    }

    /// Finds the model's file in a version.
    ///
    /// - Parameters:
    ///   - version: Which version.
    ///   - filename: What the configuration calls the file; `nil` for the names that the engines take.
    /// - Returns: Where it lies and how large it is.
    /// - Throws: A reason that says what was found instead and what to do.
    package func modelFile(of version: ModelVersion, named filename: String? = nil) throws(ModelError) -> StoredFile {
        guard let folder = folder(of: version) else { throw .missingVersion(version, of: name) }
        let names = (folder.filename ?? filename).map { [$0] } ?? modelFilenames
        let search = ModelFileSearch(storage: storage, modelFilenames: names)
        guard let file = try search.modelFile(in: folder.path, holding: folder.entries) else {
            throw search.missingFile(in: folder, of: name)
        }
        return try storage.locate(file)
    }
}

/// One version's folder.
package struct VersionFolder: Sendable {
    /// The version.
    package let version: ModelVersion
    /// Where it lies in the storage.
    package let path: StoragePath
    /// Everything in it, sorted by name.
    package let entries: [StorageEntry]
    /// Why it can't be served, as far as its names tell; `nil` when it may be, or when the configuration decides.
    package let fault: ModelError?
    /// The one file that it consists of, for a version that is no folder: `model_v3.onnx`; `nil` for a folder.
    package let filename: String?
    /// What its manifest's digest is; `nil` for one without a manifest.
    var digest: String? { manifest?.digest.description }
    /// Its manifest, and the manifest's digest.
    package let manifest: (content: VersionManifest, digest: SHA256Digest)?

    /// Describes a version's folder.
    package init(
        version: ModelVersion,
        path: StoragePath,
        entries: [StorageEntry],
        fault: ModelError? = nil,
        filename: String? = nil,
        manifest: (content: VersionManifest, digest: SHA256Digest)? = nil
    ) {
        self.version = version
        self.path = path
        self.entries = entries
        self.fault = fault
        self.filename = filename
        self.manifest = manifest
    }

    /// Whether it's there whole, as far as one look tells.
    var isComplete: Bool { fault?.code != .incomplete }
}
