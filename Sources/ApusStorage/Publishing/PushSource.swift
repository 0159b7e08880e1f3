/// Finds the files to publish at a path of the local disk.
package enum PushSource {
    /// The name that a model of ONNX has in a version.
    private static let modelFilename = "model.onnx"
    private static let maxDepth = 32

    /// The files of a version.
    ///
    /// - Parameters:
    ///   - path: A file, or a folder all of whose files count, hidden ones (`.git`) and an earlier manifest left out. A file
    ///     of ONNX, or the only one in the folder, is called `model.onnx` in the version.
    ///   - files: Where they lie.
    /// - Returns: Files, sorted by their paths in the version.
    /// - Throws: `notFound`; `invalid` for links, devices, names that can't be keys, and folders without a file.
    package static func files(at path: String, on files: any FileSystem) throws(StorageError) -> [PushRequest.File] {
        guard let status = try files.status(of: path) else {
            throw StorageError(.notFound, "'\(path)' isn't there; a model's file or folder was expected")
        }
        switch status.kind {
        case .file:
            let name = path.split(separator: "/").last.map(String.init) ?? path
            return [PushRequest.File(path: isONNX(name) ? modelFilename : name, source: path)]
        case .folder:
            var found = try folder(path, below: "", on: files, depth: 0)
            guard !found.isEmpty else { throw StorageError(.invalid, "folder '\(path)' holds no file to publish") }
            let models = found.indices.filter { !found[$0].path.contains("/") && isONNX(found[$0].path) }
            if let only = models.first, models.count == 1 {
                found[only] = PushRequest.File(path: modelFilename, source: found[only].source)
            }
            return found.sorted { $0.path < $1.path }
        case .other:
            throw StorageError(.invalid, "'\(path)' is neither a file nor a folder")
        }
    }

    /// All files of a folder, under a name in the version.
    package static func files(
        in path: String,
        as name: String,
        on files: any FileSystem
    ) throws(StorageError) -> [PushRequest.File] {
        guard try files.status(of: path)?.kind == .folder else {
            throw StorageError(.notFound, "'\(path)' is no folder")
        }
        return try folder(path, below: "\(name)/", on: files, depth: 0)
    }

    private static func folder(
        _ path: String,
        below prefix: String,
        on files: any FileSystem,
        depth: Int
    ) throws(StorageError) -> [PushRequest.File] {
        guard depth < maxDepth else { throw StorageError(.invalid, "'\(path)' is nested deeper than \(maxDepth)") }
        var found: [PushRequest.File] = []
        for name in try files.names(in: path) where !name.hasPrefix(".") {
            let source = "\(path)/\(name)"
            guard ObjectKey(prefix + name) != nil else {
                throw StorageError(.invalid, "'\(DocumentMembers.excerpt(source))' has a name that can't be published")
            }
            switch try files.status(of: source)?.kind {
            case .file:
                guard prefix + name != VersionManifest.filename, prefix + name != VersionManifest.claimFilename else {
                    continue
                }
                found.append(PushRequest.File(path: prefix + name, source: source))
            case .folder:
                found += try folder(source, below: "\(prefix)\(name)/", on: files, depth: depth + 1)
            case .other, nil:
                throw StorageError(
                    .invalid,
                    "'\(source)' is a link or no regular file, which isn't published: put the file itself there"
                )
            }
            guard found.count <= VersionManifest.maxFiles else {
                throw StorageError(.tooLarge, "'\(path)' has more than \(VersionManifest.maxFiles) files")
            }
        }
        return found
    }

    private static func isONNX(_ name: String) -> Bool { name.lowercased().hasSuffix(".onnx") }
}
