package import ApusEngine
internal import CONNXRuntime
internal import Glibc

/// ONNX Runtime's shared library, loaded at run time and never unloaded.
///
/// Unchecked because of the pointer to the library's table of functions, which is constant.
@safe package final class ONNXRuntimeLibrary: @unchecked Sendable {
    /// The lowest minor version of ONNX Runtime 1 whose table has all functions used.
    static let minimumMinorVersion = Int(CONNXRuntime_apiVersion)

    /// The file, as it was handed to the loader.
    package let path: String
    /// The library's version, in its own words.
    package let version: String
    /// The table of functions.
    let api: UnsafePointer<CONNXRuntime_Api>

    /// Loads the library from the first place that has one.
    ///
    /// A library that is there and doesn't fit ends the search: silently taking another one would surprise later.
    package convenience init(searching places: [LibraryPlace]) throws(EngineError) {
        // Newer builds of the library collect usage data and keep a database in the home folder unless told not to. A
        // server sends nothing that its user didn't ask for; who wants it can set the variable to 0.
        unsafe setenv("ORT_DISABLE_TELEMETRY", "1", 0)
        for place in places {
            guard let candidate = place.candidate() else { continue }
            if let handle = unsafe dlopen(candidate, RTLD_NOW | RTLD_LOCAL) {
                try unsafe self.init(path: candidate, handle: handle)
                return
            }
            if case .path = place { throw Self.unloadable(candidate) }
        }
        throw Self.missing(places)
    }

    /// Finds the table of functions in a loaded library.
    private init(path: String, handle: UnsafeMutableRawPointer) throws(EngineError) {
        guard let symbol = unsafe dlsym(handle, "OrtGetApiBase") else {
            unsafe dlclose(handle)
            throw EngineError(.libraryUnsuitable, "\(path) isn't ONNX Runtime: it has no symbol OrtGetApiBase")
        }
        guard let base = unsafe CONNXRuntime_callEntryPoint(symbol) else {
            throw EngineError(.libraryUnsuitable, "\(path) gives no interface (OrtGetApiBase returned nothing)")
        }
        let version = unsafe String(cString: CONNXRuntime_versionString(base))
        guard Self.isRecent(version), let api = unsafe CONNXRuntime_makeApi(base) else {
            throw EngineError(
                .libraryUnsuitable,
                "\(path) is ONNX Runtime \(version); needed is 1.\(Self.minimumMinorVersion) or newer; \(Self.hint)"
            )
        }
        self.path = path
        self.version = version
        unsafe self.api = api
    }

    /// What to do when the library is missing.
    private static let hint =
        "install it with `scripts/install-engine onnxruntime` or say where it is with --engine-path (APUS_ENGINE_PATH)"

    /// Says why the system's loader refused a file.
    private static func unloadable(_ path: String) -> EngineError {
        let reason = unsafe dlerror().map { unsafe String(cString: $0) } ?? "no reason given"
        return EngineError(.libraryUnsuitable, "\(path) can't be loaded: \(reason)")
    }

    /// Names everything that was looked at.
    private static func missing(_ places: [LibraryPlace]) -> EngineError {
        let list = places.map(\.description).joined(separator: ", ")
        return EngineError(
            .libraryMissing,
            "libonnxruntime.so isn't in any of the places looked at: \(list.isEmpty ? "none" : list); \(hint)"
        )
    }

    /// Whether a version such as `1.31.1` has all functions used.
    ///
    /// Asked before the table is, because an older library prints to standard error when asked for a newer table.
    static func isRecent(_ version: String) -> Bool {
        let parts = version.split(separator: ".")
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1]) else { return false }
        return major > 1 || (major == 1 && minor >= minimumMinorVersion)
    }
}
