internal import ApusCore
package import ApusEngine

/// Runs ONNX models with ONNX Runtime, whose library is found when the engine is made.
package final class ONNXRuntimeEngine: Engine {
    package let name = "onnxruntime"
    package let platform = "onnxruntime_onnx"
    package let modelFilenames = ["model.onnx"]
    package let information: EngineInformation

    private let environment: ONNXRuntimeEnvironment
    private let threadCount: Int

    /// Loads the library and starts its shared threads; make one for a process.
    package init(_ configuration: Configuration) throws(EngineError) {
        let library = try ONNXRuntimeLibrary(searching: configuration.places)
        self.threadCount = max(1, configuration.threadCount)
        self.environment = try ONNXRuntimeEnvironment(
            library: library,
            threadCount: threadCount,
            severity: configuration.logSeverity,
            onRecord: configuration.onLogRecord
        )
        self.information = EngineInformation(
            name: name,
            version: library.version,
            devices: try environment.makeProviderList(),
            libraryPath: library.path
        )
    }

    package func load(_ source: ModelSource, options: SessionOptions) throws(EngineError) -> any EngineSession {
        let parameters = try SessionParameters(options, availableProviders: information.devices)
        switch source {
        case .file(let path): return try loadFile(path, options.modelName, parameters)
        case .bytes(let bytes): return try unsafe loadBytes(bytes.span.bytes, options.modelName, parameters, path: nil)
        case .none:
            throw EngineError(.unreadable, "model '\(options.modelName)' has no model file, and ONNX Runtime needs one")
        }
    }

    /// Reads a file and opens it from memory, so that what was scanned is what is loaded.
    private func loadFile(
        _ path: String,
        _ modelName: String,
        _ parameters: SessionParameters
    ) throws(EngineError) -> ONNXRuntimeSession {
        let file = try ModelFile(path: path)
        return try loadBytes(file.storage.bytes, modelName, parameters, path: path)
    }

    /// Scans a model and opens it; one with external data only by its path.
    private func loadBytes(
        _ bytes: RawSpan,
        _ modelName: String,
        _ parameters: SessionParameters,
        path: String?
    ) throws(EngineError) -> ONNXRuntimeSession {
        let scan = ONNXModelScan(bytes)
        let rule = ExternalDataRule(modelName: modelName, modelPath: path)
        try rule.check(scan, bytes)
        let loader = SessionLoader(
            environment: environment,
            modelName: modelName,
            parameters: parameters,
            threadCount: threadCount
        )
        let handle: SessionHandle
        if let path, !scan.externalLocations.isEmpty {
            handle = try loader.open(path: path)
        } else {
            handle = try loader.open(bytes)
        }
        return try ONNXRuntimeSession(
            handle: handle,
            modelName: modelName,
            hasDataDependentCost: scan.hasDataDependentCost,
            warnings: parameters.warnings
        )
    }
}
