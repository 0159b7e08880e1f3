internal import ApusEngine
internal import CONNXRuntime

extension EngineError {
    /// Translates what the library said while a model was opened.
    init(loading model: String, _ failure: ONNXRuntimeFailure) {
        self.init(
            Self.loadCode(failure),
            "ONNX Runtime can't load model '\(model)': \(failure.message)",
            cause: failure
        )
    }

    /// Translates what the library said while a model ran.
    init(running model: String, _ failure: ONNXRuntimeFailure) {
        self.init(Self.runCode(failure), "model '\(model)': \(failure.message)", cause: failure)
    }

    /// Translates what the library said of anything else.
    init(_ action: String, _ failure: ONNXRuntimeFailure) {
        let code: Code = failure.isOutOfMemory ? .outOfMemory : .other
        self.init(code, "ONNX Runtime failed to \(action): \(failure.message)", cause: failure)
    }

    /// The kind of a failed load.
    private static func loadCode(_ failure: ONNXRuntimeFailure) -> Code {
        if failure.isOutOfMemory { return .outOfMemory }
        if failure.isUnsupported { return .unsupportedModel }
        switch failure.code {
        case Int(CONNXRuntime_codeNoSuchFile): return .unreadable
        case Int(CONNXRuntime_codeNotImplemented): return .unsupportedModel
        case Int(CONNXRuntime_codeEngineError), Int(CONNXRuntime_codeProviderFailed): return .other
        default: return .invalidModel
        }
    }

    /// The kind of a failed run.
    private static func runCode(_ failure: ONNXRuntimeFailure) -> Code {
        if failure.isOutOfMemory { return .outOfMemory }
        return failure.code == Int(CONNXRuntime_codeInvalidArgument) ? .invalidInput : .runFailed
    }
}
