internal import ApusCore
internal import ApusEngine
package import ApusStorage
internal import CLinux
internal import Glibc
internal import Synchronization

/// Brings versions out of an object store into the cache, and opens their files there.
///
/// Locks: `known`, very short; nothing is called with it held.
package final class PreparedVersions: Sendable {
    /// A version that is in the cache, and how its encrypted files are opened.
    private struct Known: Sendable {
        weak var version: CachedVersion?
        var encrypted: [String: VersionManifest.File] = [:]
    }

    private let store: any ObjectStore
    private let cache: @Sendable () throws(StorageError) -> VersionCache
    private let keys: DecryptionKeys
    private let known = Mutex<[StoragePath: Known]>([:])

    /// Connects a store with the cache.
    ///
    /// - Parameters:
    ///   - store: Where versions come from.
    ///   - cache: Gives the cache; asked when the first version needs it.
    ///   - keys: Open encrypted files.
    package init(
        store: any ObjectStore,
        cache: @escaping @Sendable () throws(StorageError) -> VersionCache,
        keys: DecryptionKeys
    ) {
        self.store = store
        self.cache = cache
        self.keys = keys
    }

    /// Brings a version here and checks it.
    ///
    /// - Parameters:
    ///   - path: Its place in the store: its folder, or its one file.
    ///   - files: What it consists of.
    ///   - manifest: What its manifest says; `nil` for one without.
    /// - Returns: What keeps it in the cache.
    /// - Throws: `unreachable` when that may go well later, `untrusted` when its files aren't what they should be.
    func prepare(
        _ path: StoragePath,
        files: [WantedFile],
        manifest: VersionManifest?
    ) throws(ModelError) -> CachedVersion {
        do throws(StorageError) {
            let version = try cache().prepare(files, from: store)
            var entry = Known(version: version)
            for file in manifest?.files ?? [] where file.encryption != nil { entry.encrypted[file.path] = file }
            known.withLock { known in
                known = known.filter { $0.value.version != nil }
                known[path] = entry
            }
            return version
        } catch {
            throw ModelError(error)
        }
    }

    /// Opens a file of a version that has been prepared and is still kept; `nil` when there's no such version.
    func locate(_ file: StoragePath) throws(ModelError) -> StoredFile? {
        let text = file.description
        let found = known.withLock { known in
            known.first { $0.value.version != nil && PreparedVersions.holds($0.key, file) }
        }
        guard let (path, entry) = found, let version = entry.version else { return nil }
        let relative = PreparedVersions.relative(file, to: path)
        guard let inside = StoragePath(relative) else { return nil }
        let folder: LocalModelStorage
        do throws(RuntimeFailure) {
            folder = try LocalModelStorage(path: version.folder)
        } catch {
            throw ModelError(.unreadable, error.message, cause: error)
        }
        let stored = try folder.locate(inside)
        guard let encrypted = entry.encrypted[relative] else { return stored }
        return try decrypted(stored, encrypted, name: text)
    }

    /// Whether a file belongs to the version at a place: a folder, or the file itself.
    private static func holds(_ place: StoragePath, _ file: StoragePath) -> Bool {
        if place == .root { return !file.description.contains("/") }
        return place == file || file.description.hasPrefix("\(place)/")
    }

    /// What a file is called in its version.
    private static func relative(_ file: StoragePath, to place: StoragePath) -> String {
        if place == .root { return file.description }
        if place == file { return file.description.split(separator: "/").last.map(String.init) ?? "" }
        return String(file.description.dropFirst(place.description.count + 1))
    }

    /// An encrypted file's plain bytes, in a sealed file that lies in memory only.
    private func decrypted(
        _ stored: StoredFile,
        _ file: VersionManifest.File,
        name: String
    ) throws(ModelError) -> StoredFile {
        let memory = try MemoryFile(name)
        do throws(StorageError) {
            try FileCipher.decrypt(
                DescriptorFile(stored.file),
                byteCount: stored.byteCount,
                path: file.path,
                name: name,
                keyID: file.encryption?.keyID,
                keys: keys
            ) { piece throws(StorageError) in
                do throws(ModelError) {
                    try memory.append(piece)
                } catch {
                    throw StorageError(.system, error.message, cause: error)
                }
            }
        } catch {
            throw ModelError(error)
        }
        return StoredFile(
            path: "memory:/\(name)",
            file: try memory.sealed(),
            byteCount: file.encryption?.plainByteCount ?? 0,
            linkCount: 1
        )
    }
}

/// An open file, read where it is.
private struct DescriptorFile: ReadableFile {
    private let file: OpenFile

    init(_ file: OpenFile) {
        self.file = file
    }

    func byteCount() throws(StorageError) -> Int { file.identity?.byteCount ?? 0 }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageError) -> Int {
        while true {
            let count = unsafe pread(file.descriptor, buffer.baseAddress, buffer.count, offset)
            if count >= 0 { return count }
            guard errno == EINTR else {
                throw StorageError(.system, "a cached file can't be read: \(Errno.last.words)")
            }
        }
    }
}
