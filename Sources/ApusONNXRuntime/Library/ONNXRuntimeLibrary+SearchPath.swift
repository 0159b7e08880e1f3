extension ONNXRuntimeLibrary {
    /// The system's library folder of this machine's architecture.
    #if arch(arm64)
    package static let systemTriple = "aarch64-linux-gnu"
    #else
    package static let systemTriple = "x86_64-linux-gnu"
    #endif

    /// Folders above the binary's in which engines are looked for.
    private static let maxParents = 3

    /// Where to look for the library, in order; touches no file.
    ///
    /// A configured path stands alone: if nothing is there, an error is better than another library than the one asked
    /// for.
    ///
    /// - Parameters:
    ///   - configured: A file, a folder, or a folder of engines with `onnxruntime` in it; `nil` or empty for none.
    ///   - executableFolder: The absolute path of the folder of the running binary, if known.
    ///   - triple: The name of the system's library folder beneath `/usr/lib`.
    /// - Returns: Places for `init(searching:)`.
    package static func searchPath(
        configured: String?,
        executableFolder: String?,
        triple: String = ONNXRuntimeLibrary.systemTriple
    ) -> [LibraryPlace] {
        if let configured, !configured.isEmpty {
            return [.path(configured), .path("\(configured)/onnxruntime")]
        }
        var places: [LibraryPlace] = []
        if let executableFolder {
            let parts = executableFolder.split(separator: "/")
            places.append(.path(folder(parts)))
            places.append(.path(folder(parts.dropLast() + ["lib"])))
            // As far up as a package's root lies above its build; no further, since what is loaded is code, and a folder
            // of all users (/tmp, /var/tmp) may lie above.
            for depth in stride(from: parts.count, through: max(1, parts.count - maxParents), by: -1) {
                places.append(.path(folder(parts.prefix(depth) + [".engines", "onnxruntime"])))
            }
        }
        places += [.path("/usr/local/lib"), .path("/usr/lib/\(triple)")]
        return places + [.name("libonnxruntime.so.1"), .name("libonnxruntime.so")]
    }

    /// Joins the parts of an absolute path.
    private static func folder(_ parts: some Sequence<Substring>) -> String {
        "/" + parts.joined(separator: "/")
    }
}
