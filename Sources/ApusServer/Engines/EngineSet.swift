internal import ApusBuiltin
internal import ApusCore
package import ApusEngine
internal import ApusONNXRuntime
package import Logging

/// The engines that were found, and why others were not.
package struct EngineSet: Sendable {
    /// An engine that isn't there.
    package struct Missing: Sendable {
        /// The engine's name.
        package let name: String
        /// What was looked for, where, and what to do.
        package let error: EngineError
    }

    /// Engines that can be used.
    package let engines: [any Engine]
    /// Engines that can't.
    package let missing: [Missing]

    /// Looks for all engines.
    ///
    /// - Parameters:
    ///   - path: A configured file or folder; empty to search.
    ///   - executableFolder: Where the binary lies; the search begins there.
    ///   - threadCount: Threads that an engine may use: the CPU budget.
    ///   - logger: Takes what engines log.
    package init(path: String, executableFolder: String?, threadCount: Int, logger: Logger) {
        var engines: [any Engine] = [BuiltinEngine()]
        var missing: [Missing] = []
        let places = ONNXRuntimeLibrary.searchPath(
            configured: path.isEmpty ? nil : path,
            executableFolder: executableFolder
        )
        let log = EngineLog(logger: logger)
        do throws(EngineError) {
            engines.append(
                try ONNXRuntimeEngine(
                    ONNXRuntimeEngine.Configuration(places: places, threadCount: threadCount) { log.take($0) }
                )
            )
        } catch {
            missing.append(Missing(name: "onnxruntime", error: error))
        }
        self.engines = engines
        self.missing = missing
    }

    /// Names of model files that the engines take.
    package var modelFilenames: [String] {
        let found = engines.flatMap(\.modelFilenames)
        // A missing engine's files are still models: they get the reason that names the engine.
        return found.contains("model.onnx") ? found : found + ["model.onnx"]
    }

    /// The engine with a name.
    ///
    /// - Throws: When it is missing or unknown.
    func engine(named name: String) throws(ModelError) -> any Engine {
        if let engine = engines.first(where: { $0.name == name }) { return engine }
        if let missing = missing.first(where: { $0.name == name }) {
            throw ModelError(.engineMissing, missing.error.message, cause: missing.error)
        }
        throw ModelError(
            .engineMissing,
            "no engine is called '\(name)'; this server has \(engines.map(\.name).joined(separator: ", "))"
        )
    }
}
