extension LocalObjectStore {
    package func list(_ prefix: String, limit: Int) throws(StorageError) -> [StoredObject] {
        var objects: [StoredObject] = []
        try walk(prefix) { path, name, status throws(StorageError) in
            let isObject = status.kind == .file && !name.hasPrefix(".") && path.hasPrefix(prefix)
            guard isObject, let key = ObjectKey(path) else { return }
            guard objects.count < limit else {
                throw StorageError(
                    .tooLarge,
                    "'\(location)' holds more than \(limit) objects whose names begin with '\(prefix)'"
                )
            }
            objects.append(LocalObjectStore.object(key, status))
        }
        return objects.sorted { $0.key < $1.key }
    }

    /// Visits every file, hidden ones too, in folders that aren't hidden.
    ///
    /// - Parameters:
    ///   - prefix: Folders are passed over in which no path begins with this.
    ///   - visit: Takes the path below the root, the last component, and what is there.
    /// - Throws: Why a folder can't be read, or what `visit` throws.
    func walk(
        _ prefix: String = "",
        _ visit: (String, String, FileStatus) throws(StorageError) -> Void
    ) throws(StorageError) {
        guard try files.status(of: location) != nil else { return }
        var folders = [""]
        while let folder = folders.popLast() {
            for name in try names(in: folder) {
                let path = folder + name
                let isFolderWanted = prefix.hasPrefix("\(path)/") || "\(path)/".hasPrefix(prefix)
                guard isFolderWanted || path.hasPrefix(prefix) else { continue }
                // Gone again between the two looks is as if it had never been there.
                guard let status = try files.status(of: "\(location)/\(path)") else { continue }
                guard status.kind == .folder else {
                    try visit(path, name, status)
                    continue
                }
                guard isFolderWanted, !name.hasPrefix(".") else { continue }
                guard path.split(separator: "/").count < LocalObjectStore.maxDepth else {
                    throw StorageError(
                        .invalid,
                        "'\(path)' in '\(location)' lies deeper than \(LocalObjectStore.maxDepth) folders"
                    )
                }
                folders.append("\(path)/")
            }
        }
    }

    private func names(in folder: String) throws(StorageError) -> [String] {
        do throws(StorageError) {
            return try files.names(in: folder.isEmpty ? location : "\(location)/\(folder.dropLast())")
        } catch {
            guard error.code == .notFound, !folder.isEmpty else { throw error }
            return []
        }
    }
}
