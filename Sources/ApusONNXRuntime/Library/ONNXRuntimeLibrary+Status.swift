internal import ApusEngine
internal import CONNXRuntime

extension ONNXRuntimeLibrary {
    /// Reads a status that isn't success and gives it back to the library.
    func takeFailure(_ status: OpaquePointer) -> ONNXRuntimeFailure {
        defer { unsafe CONNXRuntime_releaseStatus(api, status) }
        let message = unsafe String(cString: CONNXRuntime_statusMessage(api, status))
        return unsafe ONNXRuntimeFailure(code: Int(CONNXRuntime_statusCode(api, status)), message: message)
    }

    /// Throws unless the status is success.
    func check(_ status: OpaquePointer?, _ action: @autoclosure () -> String) throws(EngineError) {
        if let status = unsafe status {
            throw EngineError(action(), unsafe takeFailure(status))
        }
    }

    /// Gives back the status of a clean-up, whose failure changes nothing for anybody.
    func discard(_ status: OpaquePointer?) {
        if let status = unsafe status { unsafe CONNXRuntime_releaseStatus(api, status) }
    }

    /// Calls a function that makes one of the library's things.
    func make(
        _ action: @autoclosure () -> String,
        _ create: (UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer?
    ) throws(EngineError) -> OpaquePointer {
        var made: OpaquePointer?
        try unsafe check(create(&made), action())
        guard let made = unsafe made else {
            throw EngineError(.other, "ONNX Runtime gave nothing when asked to \(action())")
        }
        return unsafe made
    }

    /// Calls a function that tells a number.
    func number<Number: FixedWidthInteger>(
        _ action: @autoclosure () -> String,
        _ ask: (UnsafeMutablePointer<Number>) -> OpaquePointer?
    ) throws(EngineError) -> Number {
        var number: Number = 0
        try unsafe check(ask(&number), action())
        return number
    }
}
