/// Loads and unloads models on demand, for callers who may operate the server.
///
/// Both edges call it; what they refuse before, for want of a role or because control is closed, the gate decides.
package protocol ModelControl: Sendable {
    /// Whether models are loaded on demand; otherwise all are served that there are, and the calls below refused.
    var isExplicit: Bool { get }

    /// Loads a model, or loads it anew; the one before serves until the new one is live, and stays when that fails.
    ///
    /// Returns when it is live.
    ///
    /// - Throws: `unavailable` unless models are loaded on demand, `notFound` for a model that isn't in the repository,
    ///   `invalidArgument` with the reasons when it can't be served.
    func load(_ name: ModelName, overrides: ModelOverrides) async throws(InferenceError)

    /// Takes a model out of service; returns when that has begun, and requests that it has taken are answered.
    ///
    /// - Parameters:
    ///   - name: The model.
    ///   - withDependents: Whether models go too that were loaded for its sake only, as those of an ensemble.
    /// - Throws: `unavailable` unless models are loaded on demand, `invalidArgument` for one that isn't loaded.
    func unload(_ name: ModelName, withDependents: Bool) async throws(InferenceError)

    /// Has these models served and no others: loads what isn't, then takes out what is too much and none of these needs.
    ///
    /// Returns when they are live and the others have begun to go. When one can't be loaded, none is taken out.
    ///
    /// - Throws: What `load(_:overrides:)` throws.
    func serve(only names: [ModelName]) async throws(InferenceError)
}

/// What a load request says in the place of the repository's files.
package struct ModelOverrides: Sendable, Equatable {
    /// One file of the model.
    package struct File: Sendable, Equatable {
        /// The version that it belongs to.
        package let version: ModelVersion
        /// Its place below the version's folder: components joined by `/`, none of them empty, `.` or `..`.
        package let path: String
        /// Its bytes.
        package let bytes: [UInt8]
    }

    /// The most files that one request may bring.
    package static let maxFiles = 256

    /// The configuration as JSON; `nil` for the one in the repository.
    package private(set) var configuration: String?
    /// The model's files; empty for those in the repository.
    package private(set) var files: [File] = []

    /// Overrides nothing.
    package init() {}

    /// A parameter's value as the protocols have it.
    package enum Value: Sendable {
        case text(String)
        case bytes([UInt8])
        /// Neither: a number, a truth value.
        case other(String)
    }

    /// Whether a parameter is a file: REST has its bytes in base64.
    package static func isFile(_ key: String) -> Bool { key.hasPrefix("file:") }

    /// Takes one parameter of a load request.
    ///
    /// - Throws: `invalidArgument` for a parameter that no load has, or a file that can't be one.
    package mutating func set(_ key: String, _ value: Value) throws(InferenceError) {
        switch (key, value) {
        case ("config", .text(let text)):
            configuration = text
        case ("config", _):
            throw ModelOverrides.fault(key, "expected a string that holds the configuration as JSON")
        case (_, .bytes(let bytes)) where ModelOverrides.isFile(key):
            try add(key, bytes)
        case (_, .text), (_, .bytes), (_, .other):
            let isFile = ModelOverrides.isFile(key)
            throw ModelOverrides.fault(
                key,
                isFile ? "expected the file's bytes" : "a load has the parameters config and file:<version>/<file> only"
            )
        }
    }

    /// Checks what can only be seen when all parameters are there.
    ///
    /// - Throws: `invalidArgument` for files without a configuration.
    package func check() throws(InferenceError) {
        guard files.isEmpty || configuration != nil else {
            throw ModelOverrides.fault("config", "files take the place of the whole model, so its config must come too")
        }
    }

    private mutating func add(_ key: String, _ bytes: [UInt8]) throws(InferenceError) {
        let place = key.dropFirst("file:".count)
        let parts = place.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let version = ModelVersion(parsing: parts[0]),
            parts[1].split(separator: "/", omittingEmptySubsequences: false).allSatisfy(ModelOverrides.isComponent)
        else {
            throw ModelOverrides.fault(key, "expected file:<version>/<file>, for example file:1/model.onnx")
        }
        guard !files.contains(where: { $0.version == version && $0.path == parts[1] }) else {
            throw ModelOverrides.fault(key, "the file comes twice")
        }
        guard files.count < ModelOverrides.maxFiles else {
            throw ModelOverrides.fault(key, "a load takes \(ModelOverrides.maxFiles) files at most")
        }
        files.append(File(version: version, path: String(parts[1]), bytes: bytes))
    }

    /// A name that can't lead elsewhere, and is short enough for a file system.
    private static func isComponent(_ text: Substring) -> Bool {
        !text.isEmpty && text != "." && text != ".." && text.utf8.count <= 255 && !text.utf8.contains(0)
    }

    private static func fault(_ key: String, _ words: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "unexpected load parameter '\(key)': \(words)",
            field: "parameters.\(key)"
        )
    }
}

/// Model control of a server that serves all models of its repository and takes no requests about them.
package struct NoModelControl: ModelControl {
    /// Makes it; it has no state.
    package init() {}

    package var isExplicit: Bool { false }

    package func load(_ name: ModelName, overrides: ModelOverrides) async throws(InferenceError) {
        throw InferenceError.modelControlIsOff
    }

    package func unload(_ name: ModelName, withDependents: Bool) async throws(InferenceError) {
        throw InferenceError.modelControlIsOff
    }

    package func serve(only names: [ModelName]) async throws(InferenceError) {
        throw InferenceError.modelControlIsOff
    }
}

extension InferenceError {
    /// The refusal of loads and unloads where all models are served, in Triton's words.
    package static var modelControlIsOff: InferenceError {
        InferenceError(
            .unavailable,
            "explicit model load / unload is not allowed if polling is enabled",
            hint: "start the server with --model-control-mode explicit to load and unload models by request"
        )
    }
}
