internal import ApusCore

/// The keys of the access log, encoded.
enum AccessKeys {
    static let requestID = LogKey(LogKeys.requestID)
    static let operation = LogKey(LogKeys.operation)
    static let model = LogKey(LogKeys.model)
    static let version = LogKey(LogKeys.version)
    static let status = LogKey(LogKeys.status)
    static let code = LogKey(LogKeys.code)
    static let inputs = LogKey(LogKeys.inputs)
    static let outputs = LogKey(LogKeys.outputs)
    static let latency = LogKey(LogKeys.latency)
    static let decode = LogKey(LogKeys.decode)
    static let queue = LogKey(LogKeys.queue)
    static let computeInput = LogKey(LogKeys.computeInput)
    static let computeInfer = LogKey(LogKeys.computeInfer)
    static let computeOutput = LogKey(LogKeys.computeOutput)
    static let bytesIn = LogKey(LogKeys.bytesIn)
    static let bytesOut = LogKey(LogKeys.bytesOut)
}
