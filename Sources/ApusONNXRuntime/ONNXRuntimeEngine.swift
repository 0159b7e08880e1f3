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
    private let openingThread: OpeningThread

    /// Loads the library and starts its shared threads; make one for a process.
    package init(_ configuration: Configuration) throws(EngineError) {
        let library = try ONNXRuntimeLibrary(searching: configuration.places)
        self.threadCount = max(1, configuration.threadCount)
        self.openingThread = try OpeningThread()
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

    package func leavesThreadsOpen(_ options: SessionOptions) -> Bool {
        guard threadCount > 1,
            let parameters = try? SessionParameters(options, availableProviders: information.devices)
        else { return false }
        return !parameters.hasOwnThreads && parameters.providers.isEmpty
    }

    package func load(_ source: ModelSource, options: SessionOptions) throws(EngineError) -> any EngineSession {
        let parameters = try SessionParameters(options, availableProviders: information.devices)
        switch source {
        case .file(let path):
            return try loadFile(try ModelFile(path: path), path, options.modelName, parameters)
        case .open(let file, let path):
            return try loadFile(try ModelFile(file, path: path), path, options.modelName, parameters)
        case .bytes(let bytes): return try unsafe loadBytes(bytes.span.bytes, options.modelName, parameters, path: nil)
        case .none:
            throw EngineError(.unreadable, "model '\(options.modelName)' has no model file, and ONNX Runtime needs one")
        }
    }

    /// Opens a file from memory, so that what was scanned is what is loaded.
    private func loadFile(
        _ file: ModelFile,
        _ path: String,
        _ modelName: String,
        _ parameters: SessionParameters
    ) throws(EngineError) -> ONNXRuntimeSession {
        try loadBytes(file.storage.bytes, modelName, parameters, path: path)
    }

    /// Scans a model and opens it; one with external data only by its path.
    ///
    /// The library reads external data by paths of its own making and, given bytes, looks for it in the working directory,
    /// so it can't be handed the files that `ExternalDataRule` has checked: whoever may write to the repository could still
    /// swap them, or the model's file, between the check and the library's reading. What closes this is a copy in a store
    /// that only the server writes to; until there is one, a single hard link and a place beneath the folder are required.
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
            threadCount: threadCount,
            openingThread: openingThread
        )
        // Small as its file is, it may hold a lot.
        guard !parameters.staysOnCaller || scan.externalLocations.isEmpty else {
            throw EngineError(.unsupportedModel, "a model with external data is not opened twice")
        }
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
