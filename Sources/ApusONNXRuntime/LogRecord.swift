/// One line of ONNX Runtime's own log.
package struct LogRecord: Sendable {
    /// The library's levels, in rising order.
    package enum Severity: Int32, Sendable {
        case verbose = 0
        case information = 1
        case warning = 2
        case error = 3
        case fatal = 4
    }

    /// How serious it is.
    package let severity: Severity
    /// The library's words.
    package let message: String
    /// The model's name, or `apus` when no model is concerned.
    package let logID: String
    /// The place in the library's source.
    package let location: String
}
