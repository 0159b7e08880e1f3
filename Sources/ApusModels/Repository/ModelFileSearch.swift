internal import ApusCore

/// Looks for a model's file among a folder's entries, and says what is amiss when there is none.
struct ModelFileSearch: Sendable {
    /// Where the folders lie.
    let storage: any ModelStorage
    /// The names that count, the default one first.
    let modelFilenames: [String]

    /// The ending of a file's name, with its dot.
    static func suffix(of filename: String) -> String {
        filename.lastIndex(of: ".").map { String(filename[$0...]) } ?? filename
    }

    /// Finds the model's file.
    ///
    /// `model.onnx` may be a file, or a folder that holds a file of the same name.
    ///
    /// - Parameters:
    ///   - folder: The folder to look in.
    ///   - entries: What it holds.
    /// - Returns: `nil` when none of the names is there.
    /// - Throws: When one is there and can't be used.
    func modelFile(in folder: StoragePath, holding entries: [StorageEntry]) throws(ModelError) -> StoragePath? {
        for filename in modelFilenames {
            guard let path = folder.appending(filename), let entry = entries.first(where: { $0.name == filename })
            else { continue }
            switch entry.kind {
            case .file:
                return path
            case .folder:
                let inner = try storage.entries(of: path)
                guard inner.contains(where: { $0.name == filename && $0.isFile }), let file = path.appending(filename)
                else { throw ModelError(.noModelFile, "'\(path)' is a folder without a file '\(filename)' in it") }
                return file
            case .unreachable(let error):
                throw error
            case .other:
                throw ModelError.notAFile(path, in: storage.location)
            }
        }
        return nil
    }

    /// Why a version can't be served, as far as its names tell.
    func fault(of version: VersionFolder, of model: ModelName) -> ModelError? {
        do throws(ModelError) {
            return try modelFile(in: version.path, holding: version.entries) == nil
                ? missingFile(in: version, of: model) : nil
        } catch {
            return error
        }
    }

    /// Says what a version's folder holds instead of the model's file.
    func missingFile(in version: VersionFolder, of model: ModelName) -> ModelError {
        guard version.manifest != nil else {
            return missingFile(in: "'\(version.path)'", holding: version.entries, target: "\(version.path)/\(expected)")
        }
        // What is put into its folder now is no file of it: its manifest lists them all.
        let (format, names) = (UnservedFormat.recognized(in: version.entries), names(of: version.entries))
        let found = format.map {
            "holds '\($0.entry.name)', \($0.format.title), which isn't served here: \($0.format.advice)"
        }
        return ModelError(
            .noModelFile,
            "'\(version.path)' \(found ?? "holds no model file (found \(names))"); publish the result as the next version: "
                + "apus push \(expected) --name \(model)",
            hint: format?.format.lines ?? ""
        )
    }

    /// Says what a model's folder holds instead of versions or a model file.
    func missingVersions(in folder: StoragePath, holding entries: [StorageEntry]) -> ModelError {
        let version = folder.appending(ModelVersion.first)
        let visible = entries.filter { !$0.isHidden }
        guard !visible.isEmpty else {
            return ModelError(.noVersion, "folder '\(folder)' is empty: put the model in '\(version)/\(expected)'")
        }
        if visible.contains(where: { $0.name == ModelFolder.configurationFilename }),
            UnservedFormat.recognized(in: visible) == nil, otherONNXFile(in: visible) == nil
        {
            let advice = "make '\(version)' and put '\(expected)' in it; for a built-in model the folder stays empty"
            return ModelError(.noVersion, "folder '\(folder)' has a config.pbtxt but no version folder: \(advice)")
        }
        let folders = visible.filter(\.isFolder).prefix(3).map { "'\($0.name)'" }.joined(separator: ", ")
        if !folders.isEmpty, UnservedFormat.recognized(in: visible) == nil {
            let rule = "a version folder's name is a positive number without a leading zero, and \(folders) isn't one"
            return ModelError(
                .noVersion,
                "folder '\(folder)' has no version folder: \(rule); put the model in '\(version)/\(expected)'"
            )
        }
        return missingFile(in: "folder '\(folder)'", holding: visible, target: "\(version)/\(expected)")
    }

    /// Says what a place holds instead of a model's file.
    ///
    /// - Parameters:
    ///   - place: The place, as the sentence begins.
    ///   - entries: What it holds.
    ///   - target: Where the model's file should lie.
    /// - Returns: The reason, with what to do about it.
    func missingFile(in place: String, holding entries: [StorageEntry], target: String) -> ModelError {
        let visible = entries.filter { !$0.isHidden }
        let names = names(of: entries)
        let message =
            if visible.isEmpty {
                "\(place) is empty: put the model in '\(target)'"
            } else if let (entry, format) = UnservedFormat.recognized(in: visible) {
                "\(place) holds '\(entry.name)', \(format.title), which isn't served here: \(format.advice), "
                    + "and put the result in '\(target)'"
            } else if let other = otherONNXFile(in: visible) {
                "\(place) holds '\(other)', but the model's file is expected in '\(target)': rename it, "
                    + "or name it in config.pbtxt (default_model_filename: \"\(other)\")"
            } else {
                "\(place) holds no model file (found \(names)): put the model in '\(target)'"
            }
        let hint = UnservedFormat.recognized(in: visible)?.format.lines ?? ""
        return ModelError(.noModelFile, message, hint: hint)
    }

    private func names(of entries: [StorageEntry]) -> String {
        entries.filter { !$0.isHidden }.prefix(5).map { "'\($0.name)'" }.joined(separator: ", ")
    }

    /// The default name of a model's file.
    var expected: String { modelFilenames.first ?? "model.onnx" }

    private func otherONNXFile(in entries: [StorageEntry]) -> String? {
        entries.first { $0.name.hasSuffix(".onnx") && !modelFilenames.contains($0.name) }?.name
    }
}
