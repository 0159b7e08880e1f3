internal import ApusCore
internal import ApusEngine

extension InferenceError {
    /// The metric's reason: what an engine reported is the engine's, whatever status the caller gets.
    var failureReason: FailureReason {
        cause is EngineError && code != .cancelled ? .engine : code.failureReason
    }

    /// What a failed run means to the one who asked.
    init(_ error: EngineError) {
        let code: InferenceError.Code =
            switch error.code {
            case .invalidInput: .invalidArgument
            case .terminated: .cancelled
            case .outOfMemory: .resourceExhausted
            default: .engineFailure
            }
        self.init(code, error.message, cause: error)
    }
}
