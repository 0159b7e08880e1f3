internal import ApusCore
internal import ApusEngine

extension InferenceError {
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
