internal import ApusCore
internal import ApusModels
internal import Logging

/// Logs what becomes of models, and has the memory of those that are gone given back.
struct LoadingLog: ModelManagerObserver {
    let logger: Logger
    let memory: UnloadedMemory

    func modelLoaded(_ id: ModelID, nanoseconds: UInt64) {
        logger.info(
            "The model is live",
            metadata: [
                LogKeys.model: "\(id.name)", LogKeys.version: "\(id.version)",
                LogKeys.duration: "\(Double(nanoseconds / 1000) / 1000)",
            ]
        )
    }

    func modelFailed(_ name: String, version: ModelVersion?, error: ModelError) {
        memory.modelUnloaded()
        var metadata: Logger.Metadata = [
            LogKeys.model: "\(name)", LogKeys.reason: "\(error.message)", LogKeys.code: "\(error.code.label)",
        ]
        if let version { metadata[LogKeys.version] = "\(version)" }
        logger.error("The model can't be served", metadata: metadata)
    }

    func modelUnloaded(_ id: ModelID) {
        memory.modelUnloaded()
        logger.info("The model is gone", metadata: [LogKeys.model: "\(id.name)", LogKeys.version: "\(id.version)"])
    }
}
