internal import CLinux
internal import Glibc

/// Reads key files: small, from a place that the operator named, links followed (secrets are mounted as links).
package enum KeyFile {
    /// The most bytes of a key file.
    package static let maxBytes = 64 << 10

    /// The bytes of a regular file.
    ///
    /// - Throws: `notFound`, `system`, `invalid` when it is no regular file, `tooLarge`.
    package static func contents(of path: String) throws(StorageError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }
        let status = CLinux_status(descriptor)
        guard status.error == 0, status.kind == CLinux_isFile else {
            throw StorageError(.invalid, "'\(path)' is no regular file; a file with a key was expected")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe read(descriptor, buffer.baseAddress, buffer.count)
            }
            guard count >= 0 else { throw failure(path, errno) }
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(count)
            guard bytes.count <= maxBytes else {
                throw StorageError(
                    .tooLarge,
                    "'\(path)' has more than \(maxBytes) bytes; a file with a key was expected"
                )
            }
        }
    }

    /// The files with public keys at a path: itself, or those in a folder, sorted.
    static func files(at path: String) throws(StorageError) -> [String] {
        guard let folder = unsafe opendir(path) else {
            guard errno == ENOTDIR else { throw failure(path, errno) }
            return [path]
        }
        defer { unsafe closedir(folder) }
        var files: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe String(cString: CLinux_entryName(entry))
            guard name.hasSuffix(".pem") || name.hasSuffix(".pub"), !name.hasPrefix(".") else { continue }
            files.append("\(path)/\(name)")
        }
        return files.sorted()
    }

    private static func failure(_ path: String, _ error: Int32) -> StorageError {
        let reason = unsafe String(cString: CLinux_errorText(error))
        return StorageError(error == ENOENT ? .notFound : .system, "'\(path)' can't be read: \(reason)")
    }
}
