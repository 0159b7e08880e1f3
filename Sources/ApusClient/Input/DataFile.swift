internal import SystemPackage

/// Whole files read and written for commands.
package enum DataFile {
    /// The largest file read, in bytes.
    package static let maxBytes = 256 << 20

    /// Reads a file, or standard input when the path is `-`.
    package static func read(_ path: String) throws(ClientError) -> [UInt8] {
        do {
            guard path != "-" else { return try contents(of: .standardInput) }
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            return try file.closeAfter { try contents(of: file) }
        } catch let error as ClientError {
            throw error
        } catch {
            throw ClientError(.file, "can't read \(name(of: path)): \(error)", cause: error)
        }
    }

    /// Writes a file, replacing what was there.
    package static func write(_ bytes: [UInt8], to path: String) throws(ClientError) {
        do {
            let file = try FileDescriptor.open(
                FilePath(path),
                .writeOnly,
                options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
            _ = try file.closeAfter { try file.writeAll(bytes) }
        } catch {
            throw ClientError(.file, "can't write \(name(of: path)): \(error)", cause: error)
        }
    }

    private static func contents(of file: FileDescriptor) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= maxBytes else {
                throw ClientError(.file, "the input is larger than \(maxBytes >> 20) MiB; send it in several requests")
            }
        }
    }

    private static func name(of path: String) -> String {
        path == "-" ? "standard input" : "'\(path)'"
    }
}
