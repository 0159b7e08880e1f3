internal import ApusCore
internal import ApusEngine
internal import ApusScheduling
internal import Logging

extension SchedulerLoader {
    /// Writes what befell a model's instances into the log.
    ///
    /// Static words: what the engine said is a value, and of a request only its hash is named, never what it holds.
    func log(_ event: SchedulerEvent, id: ModelID) {
        var metadata: Logger.Metadata = [
            LogKeys.model: "\(id.name)", LogKeys.version: "\(id.version)",
        ]
        switch event {
        case .instanceLost(_, let error):
            metadata[LogKeys.reason] = "\(error.message)"
            logger.error("An instance of the model is lost; a new one is being made", metadata: metadata)
        case .instanceMade:
            logger.notice("A lost instance of the model has been made anew", metadata: metadata)
        case .instanceNotMade(_, let error):
            metadata[LogKeys.reason] = "\(error.message)"
            logger.error("A lost instance of the model could not be made anew; it is tried again", metadata: metadata)
        case .requestConfined(let request, let hash):
            metadata[LogKeys.requestID] = "\(request)"
            metadata[LogKeys.contentHash] = "\(String(UInt(bitPattern: hash), radix: 16))"
            logger.error(
                "Two instances of the model were lost with one request; requests like it are refused for a while",
                metadata: metadata
            )
        }
    }
}
