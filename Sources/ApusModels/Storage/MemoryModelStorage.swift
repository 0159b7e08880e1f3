package import ApusCore
internal import ApusEngine
internal import Glibc

/// A model whose files came with a load request: they lie in memory and nowhere else.
///
/// Engines get them as open files without a name, sealed against changes.
package final class MemoryModelStorage: ModelStorage {
    private struct File {
        let file: OpenFile
        let byteCount: Int
    }

    package let location: String
    package let name: String
    private let files: [String: File]

    /// Takes a model's files.
    ///
    /// - Parameters:
    ///   - model: The model; its folder is the only one in the root.
    ///   - files: What the request brought.
    /// - Throws: `unreadable` when the system gives no memory.
    package init(_ model: ModelName, files: [ModelOverrides.File]) throws(ModelError) {
        // No model's name, since a colon stands in it, and no folder that is likely to be there.
        location = "memory:/\(model)"
        name = "memory:"
        var stored: [String: File] = [:]
        for file in files {
            let path = "\(model)/\(file.version)/\(file.path)"
            guard StoragePath(path) != nil else {
                throw ModelError(.unsafeFile, "'\(file.version)/\(file.path)' is no name that a model's file can have")
            }
            let memory = try MemoryFile(path)
            try memory.append(file.bytes)
            stored[path] = File(file: try memory.sealed(), byteCount: file.bytes.count)
        }
        self.files = stored
    }

    package func entries(of folder: StoragePath) throws(ModelError) -> [StorageEntry] {
        let prefix = folder == .root ? "" : "\(folder)/"
        var kinds: [String: StorageEntry.Kind] = [:]
        for path in files.keys where path.hasPrefix(prefix) {
            let rest = path.dropFirst(prefix.count)
            let component = rest.prefix { $0 != "/" }
            kinds[String(component)] = component.count == rest.count ? .file : .folder
        }
        guard !kinds.isEmpty else { throw missing(folder) }
        return kinds.sorted { $0.key < $1.key }.map { StorageEntry(name: $0.key, kind: $0.value) }
    }

    package func contents(of file: StoragePath, byteLimit: Int) throws(ModelError) -> [UInt8] {
        guard let found = files[file.description] else { throw missing(file) }
        guard found.byteCount <= byteLimit else {
            throw ModelError(
                .unreadable,
                "'\(file)' in the load request has \(found.byteCount) bytes; the most that is read of such a file is "
                    + "\(byteLimit)"
            )
        }
        var bytes = [UInt8](repeating: 0, count: found.byteCount)
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe pread(found.file.descriptor, buffer.baseAddress, buffer.count, 0)
        }
        guard count == found.byteCount else { throw ModelError(Errno.last, at: file, in: location) }
        return bytes
    }

    package func locate(_ file: StoragePath) throws(ModelError) -> StoredFile {
        guard let found = files[file.description] else { throw missing(file) }
        return StoredFile(path: "\(location)/\(file)", file: found.file, byteCount: found.byteCount, linkCount: 1)
    }

    private func missing(_ path: StoragePath) -> ModelError {
        ModelError(.unreadable, "the load request brought no '\(path)'")
    }
}
