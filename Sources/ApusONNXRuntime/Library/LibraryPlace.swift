internal import Glibc

/// One place where ONNX Runtime's library may lie.
package enum LibraryPlace: Hashable, Sendable, CustomStringConvertible {
    /// A file, or a folder that is searched for `libonnxruntime.so*`.
    case path(String)
    /// A name that the system's loader looks up.
    case name(String)

    package var description: String {
        switch self {
        case .path(let path): path
        case .name(let name): "\(name) (system loader)"
        }
    }

    /// What to hand to the loader; `nil` when nothing is there.
    ///
    /// Names are tried by the loader itself and always come back.
    func candidate() -> String? {
        switch self {
        case .name(let name): return name
        case .path(let path):
            switch FileStatus(path)?.kind {
            case .folder: return Self.newestLibrary(in: path)
            case .regularFile: return path
            case .other, nil: return nil
            }
        }
    }

    /// The file `libonnxruntime.so*` with the highest version in its name.
    private static func newestLibrary(in folder: String) -> String? {
        let found = entries(of: folder).compactMap { name in versionNumbers(of: name).map { (name, $0) } }
            .filter { FileStatus("\(folder)/\($0.0)")?.kind == .regularFile }
        return found.max { $0.1.lexicographicallyPrecedes($1.1) }.map { "\(folder)/\($0.0)" }
    }

    /// The numbers behind `libonnxruntime.so`; `nil` for other files.
    private static func versionNumbers(of name: String) -> [Int]? {
        let stem = "libonnxruntime.so"
        guard name.hasPrefix(stem) else { return nil }
        let rest = name.dropFirst(stem.count)
        guard rest.isEmpty || rest.first == "." else { return nil }
        let parts = rest.split(separator: ".")
        let numbers = parts.compactMap { Int($0) }
        return numbers.count == parts.count ? numbers : nil
    }

    /// The names in a folder; none when it can't be read.
    private static func entries(of folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }
}
