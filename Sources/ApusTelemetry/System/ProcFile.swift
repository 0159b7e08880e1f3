internal import Glibc

/// Reads the kernel's small text files.
enum ProcFile {
    /// The text of a file, up to `limit` bytes.
    ///
    /// - Returns: `nil` when it can't be read, as in a container that hides it.
    static func text(_ path: String, limit: Int = 65_536) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var length = 0
        while length < limit {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe read(descriptor, buffer.baseAddress?.advanced(by: length), limit - length)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            length += count
        }
        return String(decoding: bytes[..<length], as: UTF8.self)
    }

    /// How many descriptors this process has open, the one that counts them not among them.
    static func openDescriptors() -> UInt64? {
        guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
        defer { _ = unsafe closedir(folder) }
        var entries: UInt64 = 0
        while unsafe readdir(folder) != nil { entries += 1 }
        // ".", ".." and the folder's own descriptor.
        return entries > 3 ? entries - 3 : 0
    }

    /// The units that the kernel counts in.
    static var units: SystemReading.Units {
        SystemReading.Units(
            ticksPerSecond: UInt64(max(1, sysconf(Int32(_SC_CLK_TCK)))),
            pageBytes: UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
        )
    }
}
