internal import ApusCore
internal import ApusStorage

extension VersionManifest {
    /// The files that it lists, as they lie in a store.
    ///
    /// - Parameters:
    ///   - path: The version's folder.
    ///   - find: Gives what lies at a path; `nil` for nothing.
    /// - Returns: All of them.
    /// - Throws: `untrusted` for one that isn't there or has another size, and what `find` throws.
    func wantedFiles(
        in path: StoragePath,
        find: (String) throws(ModelError) -> StoredObject?
    ) throws(ModelError) -> [WantedFile] {
        var wanted: [WantedFile] = []
        for file in files {
            let place = "\(path)/\(file.path)"
            guard let object = try find(place) else {
                let reason = "'\(place)' is listed in \(VersionManifest.filename) and isn't there"
                throw ModelError(.untrusted, reason)
            }
            guard object.byteCount == file.byteCount else {
                throw ModelError(
                    .untrusted,
                    "'\(place)' has \(object.byteCount) bytes; \(VersionManifest.filename) lists it with \(file.byteCount)"
                )
            }
            wanted.append(WantedFile(path: file.path, object: object, digest: file.digest, byteCount: file.byteCount))
        }
        return wanted
    }
}
