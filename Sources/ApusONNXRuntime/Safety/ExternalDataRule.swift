internal import ApusEngine

/// Decides whether the files that a model wants to read besides its own are harmless.
///
/// Tensors may lie in other files. Paths with `..`, symbolic and hard links have let models read foreign files three
/// times in four years (CVE-2026-27489, CVE-2026-34446); a location can even stand for an address in memory.
struct ExternalDataRule {
    /// For messages.
    let modelName: String
    /// The model's file; `nil` when only its bytes are there.
    let modelPath: String?

    /// Refuses a model that could reach foreign bytes.
    func check(_ scan: ONNXModelScan, _ bytes: RawSpan) throws(EngineError) {
        guard scan.isWellFormed else { return try checkMalformed(bytes) }
        guard !scan.externalLocations.isEmpty else { return }
        guard let modelPath else {
            let example = scan.externalLocations.min() ?? ""
            throw refusal(of: example, "a model given as bytes can't have external data: load it from a folder")
        }
        guard let folder = FileStatus.resolve(Self.folder(of: modelPath)) else {
            throw EngineError(.unreadable, "the folder of model file '\(modelPath)' can't be read")
        }
        for location in scan.externalLocations.sorted() {
            if let reason = Self.reason(against: location, in: folder) { throw refusal(of: location, reason) }
        }
    }

    /// Lets the library speak of a file that can't be walked, when it can't name another file.
    ///
    /// Whoever names a file writes the key `location`; without that word the library's parser can't find one either.
    private func checkMalformed(_ bytes: RawSpan) throws(EngineError) {
        guard !Self.contains(Array("location".utf8), bytes) else {
            throw EngineError(
                .invalidModel,
                "model '\(modelName)' isn't a readable ONNX model: its protobuf encoding is broken or nested too deeply"
            )
        }
    }

    /// Why a location isn't allowed; `nil` when it is.
    static func reason(against location: String, in folder: String) -> String? {
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.isEmpty, !location.utf8.contains(0) else { return "it must name a file" }
        guard !location.hasPrefix("/") else { return "it must be a relative path" }
        guard !location.hasPrefix("*/_ORT_MEM") else { return "it must name a file, not memory" }
        guard !parts.contains("..") else { return "it must not contain '..'" }
        guard let resolved = FileStatus.resolve("\(folder)/\(location)") else { return "there is no such file" }
        let inside = folder == "/" ? "/" : folder + "/"
        guard resolved == folder || resolved.hasPrefix(inside) else {
            return "it must lie beneath the model's folder, links followed"
        }
        guard let status = FileStatus(resolved), status.kind == .regularFile else { return "it must be a regular file" }
        guard status.linkCount == 1 else { return "the file must have no other hard link" }
        return nil
    }

    /// The error for one location.
    private func refusal(of location: String, _ reason: String) -> EngineError {
        EngineError(.invalidModel, "model '\(modelName)' keeps tensor data in '\(location)': \(reason)")
    }

    /// What stands before a path's last slash.
    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Whether the bytes contain a word.
    private static func contains(_ word: [UInt8], _ bytes: RawSpan) -> Bool {
        guard bytes.byteCount >= word.count else { return false }
        return (0...bytes.byteCount - word.count).contains { start in
            word.indices.allSatisfy {
                unsafe bytes.unsafeLoad(fromByteOffset: start + $0, as: UInt8.self) == word[$0]
            }
        }
    }
}
