internal import Glibc
internal import SystemPackage

/// Where the running binary lies.
package enum ExecutableFolder {
    /// The folder's absolute path; `nil` when the system doesn't say.
    package static var path: String? {
        let size = 4096
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            let length = unsafe readlink("/proc/self/exe", start, size)
            count = max(0, length)
        }
        guard !bytes.isEmpty else { return nil }
        return FilePath(String(decoding: bytes, as: UTF8.self)).removingLastComponent().string
    }
}
